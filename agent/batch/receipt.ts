// A receipt: central's signed word that a batch is stored durably. Only a receipt takes a batch out of the spool. Each field
// has one form and one length, so that nobody who speaks as central can put more than a receipt into the ledger of a box.
import { type KeyObject, sign, verify } from 'node:crypto'
import * as z from 'zod'
import { SEQUENCE_MAX } from './layout.ts'

const text = (form: RegExp) => z.string().regex(form)

const receiptSchema = z.object({
  device: text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  /** The batch, or the last batch of a shed statement. */
  sequence: z.int().min(1).max(SEQUENCE_MAX),
  /** SHA-256 of the batch or statement, hexadecimal. */
  hash: text(/^[0-9a-f]{64}$/),
  /** When central stored it: ISO 8601, UTC, milliseconds. */
  storedAt: text(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/).refine(isMoment),
  /** Which of central's receipt keys signed. */
  key: text(/^[0-9a-f]{16}$/),
  /** Ed25519, base64 of 64 bytes (RFC 4648 section 4, unused bits zero). */
  signature: text(/^[A-Za-z0-9+/]{85}[AQgw]==$/),
})

export type Receipt = Readonly<z.infer<typeof receiptSchema>>
export type UnsignedReceipt = Omit<Receipt, 'signature'>

/** The receipt in what central answered, without whatever stood beside it; undefined if it is none. */
export function readReceipt(value: unknown): Receipt | undefined {
  return receiptSchema.safeParse(value).data
}

/** Not the 30th of February. */
function isMoment(text: string): boolean {
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text
}

const signedText = (receipt: UnsignedReceipt): Buffer =>
  Buffer.from(['cyberalarm receipt v1', receipt.device, receipt.sequence, receipt.hash, receipt.storedAt, receipt.key].join('\n'))

export function signReceipt(receipt: UnsignedReceipt, privateKey: KeyObject): Receipt {
  return { ...receipt, signature: sign(null, signedText(receipt), privateKey).toString('base64') }
}

export function verifyReceipt(receipt: Receipt, publicKey: KeyObject): boolean {
  return verify(null, signedText(receipt), publicKey, Buffer.from(receipt.signature, 'base64'))
}

/** Of a receipt in its short form: when it was stored (ms since 1970, u48), the key, the signature. */
const COMPACT_BYTES = 6 + 8 + 64

/** The short form, for who knows which frame it answers. */
export function encodeReceipt({ storedAt, key, signature }: Receipt): Buffer {
  const bytes = Buffer.alloc(COMPACT_BYTES)
  bytes.writeUIntBE(Date.parse(storedAt), 0, 6)
  bytes.write(key, 6, 'hex')
  bytes.write(signature, 14, 'base64')
  return bytes
}

/** The receipt for that frame; undefined if the bytes are none. */
export function decodeReceipt(bytes: Uint8Array, frame: Pick<Receipt, 'device' | 'sequence' | 'hash'>): Receipt | undefined {
  if (bytes.length !== COMPACT_BYTES) return undefined
  const buffer = Buffer.from(bytes)
  const { device, sequence, hash } = frame
  const storedAt = new Date(buffer.readUIntBE(0, 6)).toISOString()
  return readReceipt({ device, sequence, hash, storedAt, key: buffer.toString('hex', 6, 14), signature: buffer.toString('base64', 14) })
}
