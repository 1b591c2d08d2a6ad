// Makes the parts of a release: each a squashfs with the hash tree of dm-verity behind it, named by the root of the tree. The same
// files give the same bytes on any machine, at any time, so that an unchanged Node.js is the same part in each release.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurable } from '../agent/lib/durable-file.ts'
import { formatManifest, type Manifest, type Part } from '../agent/update/manifest.ts'
import { runTool } from './run-tool.ts'

const BLOCK_BYTES = 4096
/** No time, owner or attribute of the machine that builds. */
const squash = '-comp zstd -Xcompression-level 15 -b 131072 -noappend -all-root -no-xattrs -mkfs-time 0 -all-time 0 -no-progress -quiet'
/** All that the root hash depends on is said here, and again by who opens a part: a header in the file would be believed unverified. */
export const verityOptions = (hashOffset: number): string[] => [
  '--no-superblock',
  '--format=1',
  '--hash=sha256',
  `--data-block-size=${BLOCK_BYTES}`,
  `--hash-block-size=${BLOCK_BYTES}`,
  '--salt=-',
  `--data-blocks=${hashOffset / BLOCK_BYTES}`,
  `--hash-offset=${hashOffset}`,
]

export interface PartSource {
  readonly kind: string
  /** What it will hold. */
  readonly folder: string
}

/** Writes `manifest` and `parts/ROOT-HASH.img` below `to`. A part that was made of the same files before stays as it is. */
export function makeRelease(to: string, numbers: Omit<Manifest, 'parts'>, sources: readonly PartSource[]): Manifest {
  mkdirSync(join(to, 'parts'), { recursive: true })
  const parts = sources.map(source => makePart(source, to))
  const manifest = { ...numbers, parts }
  writeDurable(join(to, 'manifest'), formatManifest(manifest), { mode: 0o644 })
  return manifest
}

function makePart({ kind, folder }: PartSource, to: string): Part {
  const known = join(to, 'parts', `${digestOf(folder)}.made`)
  const before = existsSync(known) ? (JSON.parse(readFileSync(known, 'utf8')) as Part) : undefined
  const imageOf = (rootHash: string) => join(to, 'parts', `${rootHash}.img`)
  if (before !== undefined && existsSync(imageOf(before.rootHash))) return { ...before, kind }
  const draft = join(to, 'parts', `${kind}.${process.pid}.draft`)
  rmSync(draft, { force: true })
  runTool('mksquashfs', [folder, draft, ...squash.split(' ')])
  const hashOffset = Math.ceil(statSync(draft).size / BLOCK_BYTES) * BLOCK_BYTES
  truncateSync(draft, hashOffset)
  const said = runTool('veritysetup', ['format', ...verityOptions(hashOffset), draft, draft])
  const rootHash = /^Root hash:\s*([0-9a-f]{64})$/m.exec(said)?.[1]
  if (rootHash === undefined) throw new Error(`veritysetup told no root hash: ${said}`)
  renameSync(draft, imageOf(rootHash))
  const part = { kind, rootHash, hashOffset }
  writeDurable(known, JSON.stringify(part), { mode: 0o644 })
  return part
}

/** Of names, modes and contents, and of how they are packed. */
function digestOf(folder: string): string {
  const hash = createHash('sha256').update(`${squash}\n${verityOptions(0).join(' ')}\n`)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const { mode } = statSync(join(folder, name))
    hash.update(`${name}\0${mode}\0`)
    if (statSync(join(folder, name)).isFile()) hash.update(readFileSync(join(folder, name)))
  }
  return hash.digest('hex')
}
