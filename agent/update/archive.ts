// Updates from one file, for a box that reaches no central: a tar archive (POSIX ustar) of what central would serve. Nothing is ever
// unpacked: names are looked up in a list, and bytes are read where they lie, so that a name cannot lead anywhere. Whoever wrote the
// file may be hostile; what is in it is verified as if central had sent it.
import { closeSync, fstatSync, readSync } from 'node:fs'
import { Failure } from '../errors.ts'
import { isErrorWithCode, openRegular } from '../lib/durable-file.ts'
import type { Answer, Fetch } from './fetch.ts'

const BLOCK = 512
export const ARCHIVE_MAX_BYTES = 128 * 1024 * 1024
const MEMBER_MAX_BYTES = 64 * 1024 * 1024
const MEMBERS_MAX = 500
const CHUNK_BYTES = 64 * 1024
/** Names in a tar archive are short: a target is there under its hash alone. */
const namePattern = /^(metadata\/[a-z0-9][a-z0-9.-]{0,60}\.json|targets\/[0-9a-f]{64})$/
/** What it is called at central, and what in the archive. */
export const nameInArchive = (path: string): string => path.replace(/^targets\/(?:.*\/)?([0-9a-f]{64})\.[^/]*$/, 'targets/$1')

interface Member {
  readonly at: number
  readonly bytes: number
}

export interface Archive {
  readonly fetch: Fetch
  close(): void
}

/** Failure 'update-file-wrong' unless all of it is as `node scripts/updates.ts offline` writes it; 'update-file-missing' if there is none. */
export function openArchive(path: string): Archive {
  const file = openFile(path)
  try {
    const members = membersOf(file)
    return { fetch: name => Promise.resolve(answer(file, members.get(nameInArchive(name)))), close: () => closeSync(file) }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function openFile(path: string): number {
  try {
    return openRegular(path, 'r')
  } catch (error) {
    const why = isErrorWithCode(error, 'ENOENT') ? 'there is no such file' : error instanceof Error ? error.message : String(error)
    throw new Failure('update-file-missing', `cannot read ${path}: ${why}`, error)
  }
}

function membersOf(file: number): ReadonlyMap<string, Member> {
  const total = fstatSync(file).size
  if (total > ARCHIVE_MAX_BYTES) throw wrong(`has ${total} bytes, more than ${ARCHIVE_MAX_BYTES}`)
  const members = new Map<string, Member>()
  const header = Buffer.alloc(BLOCK)
  for (let at = 0; ; ) {
    if (readAt(file, header, at) < BLOCK) throw wrong('ends early')
    if (header.every(byte => byte === 0)) {
      if (!members.has('metadata/timestamp.json')) throw wrong('holds no update')
      return members
    }
    const { name, bytes } = readHeader(header)
    if (members.has(name)) throw wrong(`holds ${name} twice`)
    if (members.size === MEMBERS_MAX) throw wrong(`holds more than ${MEMBERS_MAX} files`)
    at += BLOCK
    if (at + bytes > total) throw wrong(`ends within ${name}`)
    members.set(name, { at, bytes })
    at += Math.ceil(bytes / BLOCK) * BLOCK
  }
}

/** IEEE 1003.1-1988 "ustar": plain files with short names are all that there may be. */
function readHeader(header: Buffer): { readonly name: string; readonly bytes: number } {
  const text = (from: number, length: number): string => header.toString('latin1', from, from + length).replace(/\0[\s\S]*$/, '')
  if (Number.parseInt(text(148, 8).trim(), 8) !== checksumOf(header)) throw wrong('has a header with a wrong checksum')
  if (header.toString('latin1', 257, 263) !== 'ustar\0') throw wrong('is no archive in the ustar form')
  const name = text(0, 100)
  if (header[156] !== 0x30) throw wrong('holds something that is no plain file')
  if (!namePattern.test(name) || text(345, 155) !== '') throw wrong('holds a file with a name that no update has')
  const size = text(124, 12).trim()
  if (!/^[0-7]{1,11}$/.test(size)) throw wrong(`states no size of ${name}`)
  const bytes = Number.parseInt(size, 8)
  if (bytes > MEMBER_MAX_BYTES) throw wrong(`holds ${name} with ${bytes} bytes, more than ${MEMBER_MAX_BYTES}`)
  return { name, bytes }
}

/** The sum of all bytes with the checksum's own field as spaces. */
const checksumOf = (header: Buffer): number => header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0)

/** As central answers that knows no ETag: a part is read from its beginning. */
function answer(file: number, member: Member | undefined): Answer {
  const close = () => undefined
  if (member === undefined) return { status: 404, etag: '', stream: chunks(file, 0, 0), close }
  return { status: 200, etag: '', stream: chunks(file, member.at, member.at + member.bytes), close }
}

async function* chunks(file: number, from: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < end; ) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, end - at))
    const read = readAt(file, chunk, at)
    if (read === 0) throw wrong('became shorter while it was read')
    at += read
    yield chunk.subarray(0, read)
  }
}

/** Of a stick or disk that fails, the system says so here. */
function readAt(file: number, into: Buffer, at: number): number {
  try {
    return readSync(file, into, 0, into.length, at)
  } catch (error) {
    throw new Failure(
      'update-file-wrong',
      `the file of the update cannot be read: ${error instanceof Error ? error.message : error}`,
      error,
    )
  }
}

const wrong = (what: string): Failure => new Failure('update-file-wrong', `the file of the update ${what}`)
