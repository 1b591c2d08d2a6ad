// The key that signs the audit log: one of its own, so that whoever can sign receipts cannot write history. A file and its copy, made at
// the first start, and never anew where entries of the old one are: the log would not verify from then on.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { mendState, writeState } from '../../agent/lib/state-file.ts'
import { withoutSumLine, withSumLine } from '../../agent/lib/summed.ts'

export interface AuditKey {
  /** The first 16 hexadecimal digits of SHA-256 over the public key. */
  readonly id: string
  /** SPKI. */
  readonly publicKey: Buffer
  readonly privateKey: KeyObject
}

export function auditKeyOf(privateKey: KeyObject): AuditKey {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { id: createHash('sha256').update(publicKey).digest('hex').slice(0, 16), publicKey, privateKey }
}

/** `hasEntries`: the log is there already, so the key has to be. */
export function openAuditKey(folder: string, name: string, hasEntries: boolean): AuditKey {
  const path = join(folder, name)
  const { value, damage } = mendState(path, decode)
  if (value !== undefined) return auditKeyOf(createPrivateKey(value))
  const what = damage.length === 0 ? 'missing' : `damaged (${damage.join('; ')})`
  if (hasEntries) throw new Error(`${path} is ${what}: restore it from a backup, the audit log is signed with it`)
  const { privateKey } = generateKeyPairSync('ed25519')
  writeState(path, withSumLine(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()))
  return auditKeyOf(privateKey)
}

function decode(bytes: Buffer): string {
  const text = withoutSumLine(bytes.toString('utf8'))
  if (text === undefined) throw new Error('is not what was written')
  return text
}
