// Headers of a tar archive as OVA readers expect them: POSIX ustar (IEEE 1003.1-1988) with nothing added. Long names, pax
// headers and sizes in base 256 are refused when writing, and reported when reading: vSphere reads the archive as it streams by.

export const BLOCK = 512
/** Eleven octal digits. */
export const MAX_FILE_BYTES = 8 * 1024 ** 3 - 1

export interface TarEntry {
  readonly name: string
  readonly bytes: number
  /** Seconds since 1970. */
  readonly modified: number
}

/** The 512 bytes in front of a file: mode 0644, owner 0 (root). */
export function formatTarHeader({ name, bytes, modified }: TarEntry): Buffer {
  if (!/^[A-Za-z0-9._-]{1,99}$/.test(name)) throw new Error(`${name} can't be the name of a file in an OVA`)
  if (bytes > MAX_FILE_BYTES) throw new Error(`${name} is ${bytes} bytes; tar in the ustar form ends at ${MAX_FILE_BYTES}`)
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 'latin1')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  header.write(`${octal(bytes)}\0`, 124, 'latin1')
  header.write(`${octal(modified)}\0`, 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write('root', 265, 'latin1')
  header.write('root', 297, 'latin1')
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

export type TarHeader =
  | { readonly kind: 'file'; readonly entry: TarEntry; readonly ustar: boolean }
  | { readonly kind: 'end' }
  | { readonly kind: 'unfit'; readonly code: 'tar-damaged' | 'tar-format'; readonly why: string }

/** What a block says where a header is due. */
export function readTarHeader(header: Buffer): TarHeader {
  if (header.every(byte => byte === 0)) return { kind: 'end' }
  const text = (from: number, length: number): string => header.toString('latin1', from, from + length).replace(/\0[\s\S]*$/, '')
  const stated = Number.parseInt(text(148, 8).trim(), 8)
  if (stated !== checksum(header)) return { kind: 'unfit', code: 'tar-damaged', why: 'a header has a wrong checksum' }
  const type = String.fromCharCode(header[156])
  if (type !== '0' && type !== '\0')
    return { kind: 'unfit', code: 'tar-format', why: `'${text(0, 100)}' is of type '${type}', not a plain file` }
  const size = text(124, 12).trim()
  if (!/^[0-7]+$/.test(size)) return { kind: 'unfit', code: 'tar-format', why: `the size of '${text(0, 100)}' is not octal` }
  const name = text(345, 155) === '' ? text(0, 100) : `${text(345, 155)}/${text(0, 100)}`
  const entry = { name, bytes: Number.parseInt(size, 8), modified: Number.parseInt(text(136, 12).trim(), 8) }
  return { kind: 'file', entry, ustar: header.toString('latin1', 257, 265) === 'ustar\x0000' }
}

/** Zeroes behind a file, up to the next block. */
export const padding = (bytes: number): Buffer => Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK)
/** Two empty blocks, and then up to 10,240 bytes as tar has always done. */
export const tarEnd = (bytesBefore: number): Buffer => Buffer.alloc(10240 * Math.ceil((bytesBefore + 2 * BLOCK) / 10240) - bytesBefore)

const octal = (value: number): string => value.toString(8).padStart(11, '0')

/** The sum of all bytes with the checksum's own field as spaces. */
function checksum(header: Buffer): number {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]
  return sum
}
