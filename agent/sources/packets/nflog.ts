// Packets that this machine's own rules log (nftables `log group N`, iptables NFLOG), as events. How many the kernel lost on
// the way is known exactly, from the sequence numbers it gives them: received + lost = logged.
// The addon that opens the socket is an argument: it is native, and may be missing.
import { Clock, EventRecord } from '../../event.ts'
import type { Source } from '../source.ts'
import { PacketReading, readPacket, readRawIp } from './ip-header.ts'
import { lostBetween, NflogReading, NflogRecord, readNflog } from './nflog-record.ts'

const nflogRefusals = ['not-ip', 'broken-packet'] as const
export type NflogRefusal = (typeof nflogRefusals)[number]

/** Both calls are synchronous: event, record and bytes belong to the source again when they return. */
export interface NflogSink {
  /** When the packets delivered next were received, ms since 1970. */
  receivedAtMs: number
  /**
   * One packet. Prefix, interfaces, mark and hook are in the record, as numbers and as offsets into `bytes`. The event has
   * the kernel's time if it stated one, and no action: only its rule's prefix says what became of the packet.
   */
  deliver(event: EventRecord, bytes: Uint8Array, record: NflogRecord): void
  /** A packet that is no event, or a message that is no packet of a group. */
  refuse(reason: NflogRefusal): void
}

/** What the package node-netfilter-log offers, as far as it is used here. */
export type OpenNflog = (options: {
  readonly groups: readonly number[]
  readonly fd?: number
  readonly copyRange: number
  readonly onBatch: (bytes: Uint8Array, length: number) => void
  readonly onError: (error: Error) => void
  readonly receiveBufferBytes?: number
}) => {
  readonly receiveBufferBytes: number
  statistics(): { readonly overruns: number; readonly waits: number; readonly kernelDrops: number | null }
  close(drainMilliseconds?: number): Promise<void>
}

export interface NflogSourceOptions {
  readonly open: OpenNflog
  readonly groups: readonly number[]
  /** A socket that listens to the groups already (appliance/open-nflog, through systemd): then we need no CAP_NET_ADMIN. */
  readonly fd?: number | undefined
  readonly sink: NflogSink
  readonly receiveBufferBytes?: number
  /** By group: the number of the last packet that was taken from the socket handed over. Those missing after it count as lost. */
  readonly sequences?: Readonly<Record<string, number>>
  /** The socket ended by itself. */
  readonly onError: (error: Error) => void
}

export interface NflogSource extends Source {
  readonly receiveBufferBytes: number
  /** `overruns`: how often the kernel reported lost packets; `waits`: how often the receiving thread found all buffers in use. */
  readonly counters: { readonly overruns: number; readonly waits: number }
  /** Packets since start: `received` = delivered + refused, `lost` by the kernel. */
  packets(): { readonly received: number; readonly lost: number }
}

/** Enough for IPv6 with a few extension headers and the ports; never for much of a payload. */
const COPY_RANGE = 96
const DRAIN_MS = 250
/** NLMSG_DONE follows the packets of one netlink datagram. */
const NETLINK_DONE = 3

export function openNflogSource({ open, groups, fd, sink, sequences, onError, receiveBufferBytes }: NflogSourceOptions): NflogSource {
  const decoder = new NflogDecoder(groups, sink, sequences)
  const socket = open({
    groups,
    copyRange: COPY_RANGE,
    onBatch: (bytes, length) => {
      sink.receivedAtMs = Date.now()
      decoder.decode(bytes, length)
    },
    onError: onError,
    ...(fd === undefined ? {} : { fd }),
    ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
  })
  return {
    name: 'nflog',
    receiveBufferBytes: socket.receiveBufferBytes,
    // also groups that were not asked for: a socket that was handed over listens to those that its opener bound
    get address() {
      return `${decoder.groups.length === 1 ? 'group' : 'groups'} ${decoder.groups.join(', ')}`
    },
    get counters() {
      const { overruns, waits } = socket.statistics()
      return { overruns, waits }
    },
    kernelLost: () => decoder.lost,
    get sequences() {
      return decoder.lastSequences
    },
    packets: () => ({ received: decoder.received, lost: decoder.lost }),
    // a socket handed over is drained too: what comes later waits in it for the next agent, if systemd keeps it
    close: () => socket.close(DRAIN_MS),
  }
}

/** From buffers of netlink messages to events; knows nothing of sockets. */
export class NflogDecoder {
  received = 0
  lost = 0
  /** Those that were asked for, then others that packets came from. */
  readonly groups: number[]
  private readonly sink: NflogSink
  /** By position in `groups`: the number of the last packet, -1 before the first. */
  private readonly sequences: number[]
  private readonly before: Readonly<Record<string, number>>
  private readonly record = new NflogRecord()
  private readonly event = new EventRecord()
  /** Position in `groups` of the packet before: most come in rows. */
  private position = 0

  /** `before`: by group, the number of the last packet before these. */
  constructor(groups: readonly number[], sink: NflogSink, before: Readonly<Record<string, number>> = {}) {
    this.groups = [...groups]
    this.sink = sink
    this.before = before
    this.sequences = groups.map(group => before[group] ?? -1)
  }

  /** By group: the number of its last packet, of those that stated one. */
  get lastSequences(): Record<string, number> {
    const known = this.groups.map((group, i) => [group, this.sequences[i]] as const).filter(([, sequence]) => sequence >= 0)
    return { ...this.before, ...Object.fromEntries(known) }
  }

  /** bytes[0, length) as the kernel sent them. */
  decode(bytes: Uint8Array, length: number): void {
    const { record } = this
    for (let at = 0; at < length; at = record.next) {
      const reading = readNflog(bytes, at, length, record)
      if (reading === NflogReading.packet) this.take(bytes)
      else if (reading === NflogReading.broken || bytes[at + 4] !== NETLINK_DONE) this.refuse('broken-packet')
    }
  }

  private take(bytes: Uint8Array): void {
    const { record, event } = this
    this.trackSequence()
    event.reset()
    const { protocol, packetStart, packetEnd } = record
    const reading =
      protocol <= 0 ? readRawIp(bytes, packetStart, packetEnd, event) : readPacket(protocol, bytes, packetStart, packetEnd, event)
    if (reading <= PacketReading.notIp) {
      this.refuse(reading === PacketReading.notIp ? 'not-ip' : 'broken-packet')
      return
    }
    if (record.time >= 0) {
      event.time = record.time
      event.clock = Clock.exact
    }
    this.received++
    this.sink.deliver(event, bytes, record)
  }

  private refuse(reason: NflogRefusal): void {
    this.received++
    this.sink.refuse(reason)
  }

  /** Notes the packet's number, and how many are missing before it. */
  private trackSequence(): void {
    const { record, groups, sequences } = this
    if (groups[this.position] !== record.group) this.position = this.positionOf(record.group)
    this.lost += lostBetween(sequences[this.position], record.sequence)
    sequences[this.position] = record.sequence
  }

  /** A group that is new gets a place of its own: only the kernel names groups, and there are 65536 at most. */
  private positionOf(group: number): number {
    const position = this.groups.indexOf(group)
    if (position >= 0) return position
    this.sequences.push(this.before[group] ?? -1)
    return this.groups.push(group) - 1
  }
}
