// For tests: a small disk image with a partition table, a signed build of it, and a person who types what the test says.
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { formatBmap } from './bmap.ts'
import { makeBmap } from './bmap-scan.ts'
import type { FlashRequest, Person } from './flash.ts'
import { formatSums, SIGNATURE, SIGNERS, SUMS, sumOfFile } from './sums.ts'
import { chooseSigningKey, formatSigners, signSums } from './sums-sign.ts'

export const MIB = 1 << 20
export const DISK_BYTES = 24 * MIB
export const NAME = 'cyberalarm-0.1.0-debian-13'

/** Bytes that don't compress, the same every time. */
export const noise = (length: number, seed: string): Buffer => createHash('shake128', { outputLength: length }).update(seed).digest()

export const isZero = (bytes: Buffer): boolean => bytes.equals(Buffer.alloc(bytes.length))

/** From and to (not inside) in MiB; the last one ends at the last sector before the backup of the partition table. */
export const layout = [
  { name: 'config', from: 1, to: 5 },
  { name: 'root-a', from: 5, to: 13 },
  { name: 'root-b', from: 13, to: 21 },
  { name: 'data', from: 21, to: 24 - 33 / 2048 },
] as const

/** 24 MiB: a partition with a hole in it, one that ends in zeroes, two that are all zero, and a backup of the partition table. */
export async function makeDisk(path: string): Promise<void> {
  await using file = await open(path, 'w')
  await file.truncate(DISK_BYTES)
  const head = Buffer.alloc(34 * 512)
  head.write('EFI PART', 512, 'latin1')
  head.writeBigUInt64LE(2n, 512 + 72)
  head.writeUInt32LE(128, 512 + 80)
  head.writeUInt32LE(128, 512 + 84)
  for (const [i, { name, from, to }] of layout.entries()) {
    const at = 1024 + i * 128
    noise(32, name).copy(head, at)
    head.writeBigUInt64LE(BigInt(from * 2048), at + 32)
    head.writeBigUInt64LE(BigInt(to * 2048 - 1), at + 40)
    head.write(name, at + 56, 'utf16le')
  }
  await file.write(head, 0, head.length, 0)
  await file.write(noise(5000, 'fat'), 0, 5000, MIB)
  await file.write(noise(5000, 'root directory'), 0, 5000, 3 * MIB)
  await file.write(noise(2 * MIB, 'root'), 0, 2 * MIB, 5 * MIB)
  await file.write(noise(33 * 512, 'backup'), 0, 33 * 512, DISK_BYTES - 33 * 512)
}

export interface Build {
  readonly folder: string
  readonly rawPath: string
  readonly imagePath: string
  readonly bmapPath: string
  readonly signers: string
}

/** What writeOutputs leaves of a disk, without OVA, qcow2 and SBOM. */
export async function makeBuild(folder: string, keyFolder: string): Promise<Build> {
  await mkdir(folder, { recursive: true })
  const rawPath = join(keyFolder, 'disk.raw')
  const imagePath = join(folder, `${NAME}.img.zst`)
  const bmapPath = join(folder, `${NAME}.bmap`)
  await mkdir(keyFolder, { recursive: true })
  await makeDisk(rawPath)
  await writeFile(imagePath, zstdCompressSync(await readFile(rawPath)))
  await writeFile(bmapPath, formatBmap(await makeBmap(rawPath)))
  const build = { folder, rawPath, imagePath, bmapPath, signers: join(folder, SIGNERS) }
  await signBuild(build, keyFolder)
  return build
}

/** Sums and signature anew over what lies there now: what somebody with the key could do. */
export async function signBuild({ folder, imagePath, bmapPath, signers }: Build, keyFolder: string): Promise<void> {
  const key = await chooseSigningKey(undefined, keyFolder)
  const paths = new Map([
    [`${NAME}.bmap`, bmapPath],
    [`${NAME}.img.zst`, imagePath],
  ])
  const sums = new Map<string, string>()
  for (const [name, path] of paths) sums.set(name, await sumOfFile(path))
  const text = formatSums(sums)
  await writeFile(join(folder, SUMS), text)
  await writeFile(join(folder, SIGNATURE), await signSums(text, key))
  await writeFile(signers, formatSigners(key))
}

export interface Recorded extends Person {
  readonly lines: string[]
  readonly questions: string[]
}

export function personWho(types: string | undefined): Recorded {
  const lines: string[] = []
  const questions: string[] = []
  return {
    lines,
    questions,
    print: line => lines.push(line),
    progress: () => () => undefined,
    ask: async question => {
      questions.push(question)
      return types
    },
  }
}

export const requestFor = (build: Build, device: string, more: Partial<FlashRequest> = {}): FlashRequest => ({
  device,
  isFile: true,
  image: build.imagePath,
  trust: { builds: build.folder, signers: undefined },
  allowInternal: false,
  yes: undefined,
  ...more,
})
