// SHA256SUMS as sha256sum writes it and `sha256sum -c` reads it. Strict in reading: plain names without folders, each once.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

export const SUMS = 'SHA256SUMS'
export const SIGNATURE = 'SHA256SUMS.sig'
export const SIGNERS = 'allowed_signers'
export const MAX_SUMS_BYTES = 1 << 16

export const formatSums = (sums: ReadonlyMap<string, string>): string =>
  [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sha256]) => `${sha256}  ${name}\n`)
    .join('')

/** By name. Throws an Error that names the line. */
export function parseSums(text: string): ReadonlyMap<string, string> {
  if (text.length > MAX_SUMS_BYTES) throw new Error(`${SUMS} is longer than ${MAX_SUMS_BYTES} bytes`)
  const sums = new Map<string, string>()
  for (const [i, line] of text.replace(/\n$/, '').split('\n').entries()) {
    const match = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._+-]{0,200})$/.exec(line)
    if (match === null) throw new Error(`line ${i + 1} of ${SUMS} is not a SHA-256 checksum and a plain file name`)
    const [, sha256, name] = match
    if (sums.has(name)) throw new Error(`${SUMS} names ${name} twice`)
    sums.set(name, sha256)
  }
  return sums
}

export async function sumOfFile(path: string, progress?: (doneBytes: number) => void): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer)
    done += (chunk as Buffer).length
    progress?.(done)
  }
  return hash.digest('hex')
}
