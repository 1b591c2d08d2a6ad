// Verifies an export of the audit log. Needs this file and Node.js, nothing else of CyberAlarm:
//
//   node verify.ts EXPORT [KEY]
//
// EXPORT is what `audit --export` wrote, KEY the id of central's audit key (16 hexadecimal digits) as you know it from elsewhere;
// without it the export is only shown to agree with itself. Exit 0: verified; 1: not; 2: the command line is wrong.
//
// An export is lines of JSON. The first: {"format":"cyberalarm audit v1","key":ID,"publicKey":BASE64 of SPKI,"after":NUMBER,
// "afterHash":HEX}. Each other is an entry: {"entry":TEXT,"hash":HEX,"signature":BASE64}.
//   hash       SHA-256 over the 32 bytes of the hash before and the UTF-8 of TEXT; before the first entry of all, zeros
//   signature  Ed25519 over "cyberalarm audit v1\n" and the hash in hexadecimal
//   TEXT       JSON with `number` (one more than the entry before), `at`, `action` and facts; of an erasure these are its statement
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const ACTIONS = ['collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure']
/** What every statement of an erasure has. */
const STATEMENT = ['job', 'policy', 'reason', 'file', 'sha256Before', 'rowsBefore', 'rowsAfter', 'rootBefore', 'rootAfter']

export interface Verified {
  readonly key: string
  /** Number of the last entry before the export; 0 if it is whole. */
  readonly after: number
  readonly entries: number
  readonly head: string
  readonly actions: Readonly<Record<string, number>>
  readonly erased: { readonly statements: number; readonly rows: number }
}

/** Throws an Error that names the first line that is wrong. */
export async function verifyExport(lines: AsyncIterable<string> | Iterable<string>, expectedKey?: string): Promise<Verified> {
  let line = 0
  let state: { key: string; publicKey: ReturnType<typeof createPublicKey>; after: number; number: number; hash: Buffer } | undefined
  const counts: Record<string, number> = {}
  let [statements, rows] = [0, 0]
  const demand = (isSo: boolean, what: string) => {
    if (!isSo) throw new Error(`line ${line}: ${what}`)
  }
  for await (const text of lines) {
    line++
    const value = JSON.parse(text)
    if (state === undefined) {
      demand(value.format === 'cyberalarm audit v1', 'this is no export of an audit log')
      const der = Buffer.from(value.publicKey, 'base64')
      const key = createHash('sha256').update(der).digest('hex').slice(0, 16)
      demand(key === value.key, 'the id of the key is not that of the key')
      demand(expectedKey === undefined || key === expectedKey, `it is signed by key ${key}, not ${expectedKey}`)
      const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
      demand(publicKey.asymmetricKeyType === 'ed25519', 'the key is not of Ed25519')
      const hash = Buffer.from(value.afterHash, 'hex')
      demand(hash.length === 32 && (value.after > 0 || hash.every(byte => byte === 0)), 'the chain does not begin with zeros')
      state = { key, publicKey, after: value.after, number: value.after, hash }
      continue
    }
    const hash = createHash('sha256').update(state.hash).update(value.entry).digest()
    demand(hash.toString('hex') === value.hash, 'the entry, or one before it, was changed, left out or moved')
    const signed = Buffer.from(`cyberalarm audit v1\n${value.hash}`)
    demand(verify(null, signed, state.publicKey, Buffer.from(value.signature, 'base64')), 'the signature is wrong')
    const entry = JSON.parse(value.entry)
    demand(entry.number === state.number + 1, `the number is ${entry.number} where ${state.number + 1} belongs`)
    demand(ACTIONS.includes(entry.action), `there is no action ${entry.action}`)
    demand(!Number.isNaN(Date.parse(entry.at)), 'it has no time')
    if (entry.action === 'erasure') {
      for (const name of STATEMENT) demand(name in entry, `the statement has no ${name}`)
      const { rowsBefore, rowsAfter } = entry
      demand(rowsBefore === null || (rowsAfter >= 0 && rowsAfter <= rowsBefore), 'rows became more by being deleted')
      statements++
      rows += rowsBefore === null ? 0 : rowsBefore - rowsAfter
    }
    counts[entry.action] = (counts[entry.action] ?? 0) + 1
    state = { ...state, number: entry.number, hash }
  }
  if (state === undefined) throw new Error('the export is empty')
  const { key, after, number } = state
  return { key, after, entries: number - after, head: state.hash.toString('hex'), actions: counts, erased: { statements, rows } }
}

if (import.meta.main) {
  const [path, key, ...more] = process.argv.slice(2)
  if (path === undefined || more.length > 0) {
    console.error('usage: node verify.ts EXPORT [KEY]')
    process.exit(2)
  }
  try {
    console.log(JSON.stringify(await verifyExport(createInterface({ input: createReadStream(path) }), key), undefined, 2))
  } catch (error) {
    console.error(`NOT VERIFIED: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
