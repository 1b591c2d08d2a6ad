// Leaves open connections with systemd for the next agent, and takes up those that the agent before left (FileDescriptorStoreMax=,
// sd_notify(3)). What was read of an unfinished message goes the same way, in a file without a name: so it lives exactly as long as the
// connections do. Each can be taken once; what is in doubt is closed, and counted by who asks.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceManager } from '../lib/service-manager.ts'
import type { KeptDescriptor } from './handed-over.ts'
import { type ConnectionKeeper, decodeKept, encodeKept, type KeptConnection } from './syslog/kept-connections.ts'

/** As the unit allows (FileDescriptorStoreMax=), less the packet log and the file. */
export const KEPT_MAX = 1090
/** Of what is held for all connections together. It is memory: 500 connections in the middle of usual messages take 0.3 MB. */
const KEPT_MAX_BYTES = 16 * 1024 * 1024
/** A sender waits meanwhile. Who has waited so long, because releases crashed one after the other, is to learn that nobody reads. */
const AGE_MAX_SECONDS = 600

export interface StoreParts {
  readonly manager: ServiceManager
  /** Where the file is made: memory, for it has to be written when a disk is full. */
  readonly folder: string
  /** Seconds since the machine was started: a clock can be set. */
  uptime(): number
}

export class DescriptorStore implements ConnectionKeeper {
  readonly #parts: StoreParts

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  keep(connections: readonly KeptConnection[]): readonly number[] {
    const { manager, folder, uptime } = this.#parts
    const lines: Buffer[] = []
    const kept: number[] = []
    let bytes = 0
    for (const connection of connections.slice(0, KEPT_MAX)) {
      const line = Buffer.from(encodeKept(numberOf(connection.descriptor), connection))
      if (bytes + line.length > KEPT_MAX_BYTES) continue
      bytes += line.length
      lines.push(line)
      kept.push(connection.descriptor)
    }
    if (kept.length === 0) return []
    const since = Math.floor(uptime())
    const file = writeUnnamed(join(folder, 'unfinished.draft'), Buffer.concat(lines))
    if (file === undefined) return []
    try {
      if (!manager.notify(`FDSTORE=1\nFDNAME=unfinished-${since}`, file)) return []
      // FDPOLL=0: systemd would let go of a connection that its sender has reset, and with it of what had arrived
      const taken = kept.filter(descriptor => manager.notify(`FDSTORE=1\nFDNAME=connection-${since}\nFDPOLL=0`, descriptor))
      manager.barrier()
      return taken
    } finally {
      closeSync(file)
    }
  }

  /** What was left for this agent; the rest of what was handed over is closed. No later agent is given any of it. */
  take(handed: readonly KeptDescriptor[]): KeptConnection[] {
    const { manager, uptime } = this.#parts
    if (handed.length === 0) return []
    const records = new Map<string, Omit<KeptConnection, 'descriptor'>>()
    for (const { kind, since, descriptor } of handed) {
      if (kind !== 'unfinished') continue
      for (const [socket, record] of decodeKept(takeText(descriptor))) records.set(`${since} ${socket}`, record)
    }
    for (const name of new Set(handed.map(({ kind, since }) => `${kind}-${since}`))) manager.notify(`FDSTOREREMOVE=1\nFDNAME=${name}`)
    manager.barrier()
    return handed.flatMap(({ kind, since, descriptor }) => {
      const age = uptime() - since
      const record =
        kind === 'connection' && age >= 0 && age <= AGE_MAX_SECONDS ? records.get(`${since} ${numberOf(descriptor)}`) : undefined
      if (record !== undefined) return [{ ...record, descriptor }]
      closeSync(descriptor)
      return []
    })
  }
}

/** The kernel's number of an open file. */
const numberOf = (descriptor: number): number => fstatSync(descriptor).ino

/** A file that has no name, and goes when nobody has it open any more; undefined if it could not be written. */
function writeUnnamed(path: string, bytes: Buffer): number | undefined {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
    unlinkSync(path)
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
    return file
  } catch {
    // no space or no folder: the connections are then closed, each counted
    if (file !== undefined) closeSync(file)
    return undefined
  }
}

/** What the file says, to be read once: whatever becomes of this agent, the next finds it empty, and nothing is read twice. */
function takeText(file: number): string {
  const { size } = fstatSync(file)
  const bytes = Buffer.alloc(Math.min(size, KEPT_MAX_BYTES))
  let at = 0
  for (let got = -1; at < bytes.length && got !== 0; at += got) got = readSync(file, bytes, at, bytes.length - at, at)
  ftruncateSync(file, 0)
  return bytes.toString('utf8', 0, at)
}
