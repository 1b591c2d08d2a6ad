// Central's folder: 0700, key files 0600. A file with its real name is always whole (draft, fsync, rename, fsync of the
// folder), so central opens again after a power cut at any moment, the first start included; a `.draft` is never read.
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { syncFolder } from '../agent/lib/durable-file.ts'

export const fileNames = {
  authority: 'authority.pem',
  server: 'server.pem',
  seal: 'seal.json',
  receipt: 'receipt.pem',
  audit: 'audit.pem',
  register: 'register.sqlite',
  arrivals: 'arrivals',
  suspect: 'suspect',
  /** All data of releases before the register; brought over at the first start. */
  database: 'central.duckdb',
  socket: 'admin.sock',
} as const

/** sun_path of Linux holds 108 bytes with the closing zero (unix(7)). */
const SOCKET_PATH_MAX_BYTES = 107

/** Makes the folder or takes one that is empty or central's own; one that holds only other things is refused. */
export function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const known: readonly string[] = Object.values(fileNames)
  const entries = readdirSync(folder)
  if (entries.length > 0 && !entries.some(entry => known.some(name => entry.startsWith(name))))
    throw new Error(`${folder} holds files that are not central's: name an empty folder, or one that does not exist`)
  chmodSync(folder, 0o700)
  syncFolder(dirname(folder))
}

/** Path of the admin socket in the shorter of its two spellings. */
export function socketPath(folder: string): string {
  const path = join(folder, fileNames.socket)
  const fromHere = relative(process.cwd(), path)
  const shortest = fromHere.length < path.length ? fromHere : path
  if (Buffer.byteLength(shortest) > SOCKET_PATH_MAX_BYTES)
    throw new Error(`the path of the admin socket is longer than ${SOCKET_PATH_MAX_BYTES} bytes: name a folder with a shorter path`)
  return shortest
}
