// What every source of messages is, and where it delivers them. Sources know sockets and framing, nothing of products.

/** Where messages go. Both calls are synchronous: `bytes` belongs to the source again when they return. */
export interface Sink {
  /** When the messages delivered next were received, ms since 1970. Set once for a whole read: asking the clock costs 55 ns. */
  receivedAtMs: number
  /** One message: bytes[start, end), from the peer's address in its shortest form (IPv4 never as ::ffff:). */
  deliver(bytes: Uint8Array, start: number, end: number, peer: string): void
  /** A message that was received and cannot be used: counted as unreadable, with the reason. */
  refuse(reason: RefusalReason, peer: string): void
}

/** `cut-short`: the connection ended in the middle of a message. */
const refusalReasons = ['oversize', 'broken-frame', 'cut-short'] as const
export type RefusalReason = (typeof refusalReasons)[number]

export interface Source {
  readonly name: 'udp' | 'tcp' | 'tls' | 'nflog'
  /** Where it listens, as text: `[::]:514`, `group 5`. */
  readonly address: string
  /** Counts that are not about messages, by name: connections and what became of them, overruns. Since start, but for those open. */
  readonly counters: Readonly<Record<string, number>>
  /** Messages that the kernel dropped since the socket was opened; null where it does not say, or cannot drop any. */
  kernelLost(): number | null
  /** By group of the packet log: the number of the last packet. */
  readonly sequences?: Readonly<Record<string, number>>
  /** Whether its connections outlive a restart of the agent. Absent where there are none. */
  readonly keepsConnections?: boolean
  /** How many it left for the next agent when it closed. */
  readonly kept?: number
  close(): Promise<void>
}

/** No message may be longer; what is longer is refused as `oversize`. */
export const MESSAGE_MAX_BYTES = 65536
