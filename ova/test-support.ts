// For tests: a small disk with holes, an OVA in memory that can be broken on purpose, and a web server as vSphere needs it.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Source } from './cursor.ts'
import { manifestLine } from './ova.ts'
import { formatOvf, type Hardware, hardware, type Product } from './ovf.ts'
import { formatTarHeader, padding, tarEnd } from './tar.ts'
import { writeVmdk } from './vmdk.ts'

export const MIB = 1048576
export const DISK_MIB = 97
export const machine: Hardware = { ...hardware, diskMiB: DISK_MIB }
export const product: Product = { id: 'cyberalarm', name: 'CyberAlarm', vendor: 'Example & Sons', version: '0.1.0' }
export const MODIFIED = 1_700_000_000

/** Bytes that don't compress, the same every time. */
export function noise(length: number, seed: string): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; parts.length * 32 < length; i++) parts.push(createHash('sha256').update(`${seed} ${i}`).digest())
  return Buffer.concat(parts).subarray(0, length)
}

/** 97 MiB, four grain tables: data in the first, nothing in the second, data across the third, one sector at the very end. */
export async function makeRawDisk(path: string): Promise<void> {
  await using file = await open(path, 'w')
  await file.truncate(DISK_MIB * MIB)
  await file.write(noise(3 * 65536 + 512, 'first'), 0, undefined, 0)
  await file.write(Buffer.from('text that packs well '.repeat(9000)), 0, undefined, 2 * MIB + 100)
  await file.write(noise(65536, 'third'), 0, undefined, 70 * MIB - 700)
  await file.write(noise(512, 'last'), 0, undefined, DISK_MIB * MIB - 512)
}

export interface Part {
  readonly name: string
  readonly bytes: Buffer
}
export interface Parts {
  ovf: string
  disk: Buffer
  /** Written from the other two unless a test states it. */
  manifest: string | undefined
}

/** What a sound OVA is made of. */
export async function makeParts(folder: string): Promise<Parts> {
  const raw = join(folder, 'disk.raw')
  const vmdk = join(folder, 'disk.vmdk')
  await makeRawDisk(raw)
  const facts = await writeVmdk(raw, vmdk, { extentName: 'cyberalarm-disk1.vmdk' })
  const ovf = formatOvf(product, 'debian', { fileName: 'cyberalarm-disk1.vmdk', ...facts }, machine)
  return { ovf, disk: await readFile(vmdk), manifest: undefined }
}

export function partsToEntries({ ovf, disk, manifest }: Parts): Part[] {
  const text = Buffer.from(ovf)
  const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  const lines = manifest ?? manifestLine('cyberalarm.ovf', sum(text)) + manifestLine('cyberalarm-disk1.vmdk', sum(disk))
  return [
    { name: 'cyberalarm.ovf', bytes: text },
    { name: 'cyberalarm.mf', bytes: Buffer.from(lines) },
    { name: 'cyberalarm-disk1.vmdk', bytes: disk },
  ]
}

export function packTar(entries: readonly Part[]): Buffer {
  const files = entries.flatMap(({ name, bytes }) => [
    formatTarHeader({ name, bytes: bytes.length, modified: MODIFIED }),
    bytes,
    padding(bytes.length),
  ])
  const length = files.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([...files, tarEnd(length)])
}

export const memorySource = (bytes: Buffer): Source => ({
  bytes: bytes.length,
  read: async (position, length) => bytes.subarray(position, position + length),
})

export interface Served {
  readonly url: string
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** One file over HTTP with HEAD, ranges and a length: vSphere asks for all three when it pulls an OVA. */
export async function serveFile(path: string): Promise<Served> {
  const { size } = await stat(path)
  const requests: string[] = []
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    requests.push(`${request.method} ${request.url}${range === null ? '' : ` ${range[0]}`}`)
    const from = range === null ? 0 : Number(range[1])
    const to = range === null || range[2] === '' ? size - 1 : Math.min(Number(range[2]), size - 1)
    response.setHeader('accept-ranges', 'bytes')
    if (from > to) {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
      return
    }
    if (range !== null) response.setHeader('content-range', `bytes ${from}-${to}/${size}`)
    response.writeHead(range === null ? 200 : 206, { 'content-type': 'application/x-virtualbox-ova', 'content-length': to - from + 1 })
    if (request.method === 'HEAD') response.end()
    else
      createReadStream(path, { start: from, end: to })
        .on('error', error => response.destroy(error))
        .pipe(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}/cyberalarm.ova`, requests, close }
}
