// The manifest of a release: which parts it is made of, in a text that a shell script reads as safely as this does, and the
// signatures over it. Pure.
import { type KeyObject, verify } from 'node:crypto'
import { Failure } from '../errors.ts'

export const MANIFEST_MAX_BYTES = 4096
export const SIGNATURE_BYTES = 64

export interface Part {
  /** `runtime`, `agent`, or `pack NAME`. */
  readonly kind: string
  /** Root of its hash tree (dm-verity), and its name among the parts. */
  readonly rootHash: string
  /** Where the hash tree begins in the file, in bytes. */
  readonly hashOffset: number
}

export interface Manifest {
  readonly version: string
  readonly number: number
  /** The oldest system that can run it. */
  readonly systemMin: number
  /** Formats of kept state that it reads up to, and writes. */
  readonly reads: number
  readonly writes: number
  readonly parts: readonly Part[]
}

const FIRST = 'cyberalarm release 1'
const number = '(0|[1-9][0-9]{0,8})'
/** The lines in their order. Each stands once. */
const head = [
  ['version', /^version ([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(?:-[a-z0-9.]{1,20})?)$/],
  ['number', new RegExp(`^number ${number}$`)],
  ['system-min', new RegExp(`^system-min ${number}$`)],
  ['reads', new RegExp(`^reads ${number}$`)],
  ['writes', new RegExp(`^writes ${number}$`)],
] as const
const partLine = /^(runtime|agent|pack [a-z0-9-]{1,40}) ([0-9a-f]{64}) ([1-9][0-9]{0,10})$/
const PARTS_MAX = 20

/** Failure 'update-refused' if a line is not as it has to be. */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MANIFEST_MAX_BYTES) throw refusal('is too long')
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  if (lines.pop() !== '' || lines.shift() !== FIRST) throw refusal(`does not begin with '${FIRST}' or end with a line feed`)
  const values = head.map(([name, pattern]) => {
    const value = pattern.exec(lines.shift() ?? '')?.[1]
    if (value === undefined) throw refusal(`has no line '${name}' where it has to be`)
    return value
  })
  const parts = lines.map(line => {
    const [, kind, rootHash, offset] = partLine.exec(line) ?? []
    if (kind === undefined) throw refusal('has a line that is no part')
    return { kind, rootHash, hashOffset: Number(offset) }
  })
  const kinds = parts.map(({ kind }) => kind)
  if (new Set(kinds).size !== kinds.length || parts.length > PARTS_MAX) throw refusal('names a part twice, or too many')
  if (!kinds.includes('runtime') || !kinds.includes('agent')) throw refusal('lacks the runtime or the agent')
  const [version, ...numbers] = values
  const [release, systemMin, reads, writes] = numbers.map(Number)
  return { version, number: release, systemMin, reads, writes, parts }
}

export function formatManifest({ version, number, systemMin, reads, writes, parts }: Manifest): string {
  const lines = parts.map(({ kind, rootHash, hashOffset }) => `${kind} ${rootHash} ${hashOffset}`)
  const text = [FIRST, `version ${version}`, `number ${number}`, `system-min ${systemMin}`, `reads ${reads}`, `writes ${writes}`, ...lines]
  return `${text.join('\n')}\n`
}

/** Failure 'update-refused' unless `threshold` different keys have signed. Signatures are Ed25519, 64 bytes, in any order. */
export function verifyManifest(bytes: Uint8Array, signatures: readonly Uint8Array[], keys: readonly KeyObject[], threshold: number): void {
  const signers = keys.filter(key => signatures.some(signature => verify(null, bytes, key, signature)))
  const distinct = new Set(signers.map(key => key.export({ format: 'jwk' }).x))
  if (threshold < 1 || distinct.size < threshold) throw refusal(`is signed by ${distinct.size} of the ${threshold} keys that are needed`)
}

const refusal = (what: string): Failure => new Failure('update-refused', `the manifest of the release ${what}`)
