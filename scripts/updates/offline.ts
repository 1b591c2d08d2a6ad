// One file with what a channel offers, for boxes that reach no central: a tar archive of the files that they would have got. Nothing
// is signed for it: it holds what is published, and can be used until the timestamp in it ends.
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { nameInArchive } from '../../agent/update/archive.ts'
import { parseManifest } from '../../agent/update/manifest.ts'
import { pathOfTarget } from '../../agent/update/parts.ts'
import { readChannel } from './channels.ts'
import type { Repository, Signed, SignedMeta, SignedTargets, TargetEntry } from './repository.ts'

const BLOCK = 512

/** Writes the file; until when boxes take it, ISO 8601. `at`: the time of the one who writes it, ms since 1970. */
export function writeOffline(repository: Repository, channel: string, path: string, at = Date.now()): string {
  const { release } = readChannel(repository, channel)
  const now = new Date(at).toISOString()
  if (repository.versionOf('timestamp') === undefined || !isPublished(repository))
    throw new Error('not all that was signed is published, so no box would take the file: `publish` comes first')
  const stamp = repository.read<Signed>('timestamp')
  if (stamp.expires < now)
    throw new Error(`what is published has ended on ${stamp.expires}, so no box would take the file: \`publish\` again`)
  const versions = (['targets', 'channels', 'snapshot'] as const).map(role => `${repository.versionOf(role)}.${role}.json`)
  const roots = readdirSync(join(repository.folder, 'metadata')).filter(name => /^\d+\.root\.json$/.test(name))
  const metadata = ['timestamp.json', ...versions, ...roots].map(name => `metadata/${name}`)
  const { targets } = repository.read<SignedTargets>('targets')
  const channels = repository.read<SignedTargets>('channels').targets
  const name = `releases/${release}/manifest`
  const parts = parseManifest(repository.content(name, targets[name])).parts.map(({ rootHash }) => `parts/${rootHash}.img`)
  const wanted = [...Object.keys(targets).filter(each => each.startsWith(name)), ...parts]
  const files = [
    pathOf(`channels/${channel}.json`, channels[`channels/${channel}.json`]),
    ...wanted.map(each => pathOf(each, targets[each])),
  ]
  writeArchive(path, [...metadata, ...files], each => readFileSync(join(repository.folder, each)))
  return stamp.expires
}

/** The newest snapshot names the newest of the others. */
function isPublished(repository: Repository): boolean {
  const { meta } = repository.read<SignedMeta>('snapshot')
  return (['targets', 'channels'] as const).every(role => meta[`${role}.json`]?.version === repository.versionOf(role))
}

const pathOf = (name: string, { hashes }: TargetEntry): string => pathOfTarget(name, hashes.sha256)

function writeArchive(path: string, names: readonly string[], contentOf: (name: string) => Buffer): void {
  const file = openSync(`${path}.draft`, 'w', 0o644)
  try {
    for (const name of names) {
      const content = contentOf(name)
      writeAll(file, tarHeader(nameInArchive(name), content.length))
      writeAll(file, content)
      writeAll(file, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK))
    }
    writeAll(file, Buffer.alloc(2 * BLOCK))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.draft`, path)
}

function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

/** POSIX ustar (IEEE 1003.1-1988): mode 0644, owner 0, no time, so that the same release gives the same bytes. */
export function tarHeader(name: string, bytes: number, type = '0'): Buffer {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100, 'latin1')
  for (const [text, at] of [
    ['0000644\0', 100],
    ['0000000\0', 108],
    ['0000000\0', 116],
    [`${bytes.toString(8).padStart(11, '0')}\0`, 124],
    ['00000000000\0', 136],
    ['        ', 148],
    [type, 156],
    ['ustar\x0000', 257],
  ] as const)
    header.write(text, at, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** SHA-256 of a file, for people to compare. */
export const sumOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
