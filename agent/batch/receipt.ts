// A receipt: central's signed word that a batch is stored durably. Only a receipt takes a batch out of the spool.
import { type KeyObject, sign, verify } from 'node:crypto'

export interface UnsignedReceipt {
  readonly device: string
  /** The batch, or the last batch of a shed statement. */
  readonly sequence: number
  /** SHA-256 of the batch or statement, hexadecimal. */
  readonly hash: string
  /** When central stored it, ISO 8601 in UTC. */
  readonly storedAt: string
  /** Which of central's receipt keys signed. */
  readonly key: string
}

export interface Receipt extends UnsignedReceipt {
  /** Ed25519, base64. */
  readonly signature: string
}

const signedText = (receipt: UnsignedReceipt): Buffer =>
  Buffer.from(['cyberalarm receipt v1', receipt.device, receipt.sequence, receipt.hash, receipt.storedAt, receipt.key].join('\n'))

export function signReceipt(receipt: UnsignedReceipt, privateKey: KeyObject): Receipt {
  return { ...receipt, signature: sign(null, signedText(receipt), privateKey).toString('base64') }
}

export function verifyReceipt(receipt: Receipt, publicKey: KeyObject): boolean {
  return verify(null, signedText(receipt), publicKey, Buffer.from(receipt.signature, 'base64'))
}
