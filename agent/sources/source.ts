// What every source of messages is, and where it puts what it hears. Sources know sockets and framing, nothing of products.

/** Where messages go. Both calls are synchronous: `bytes` belongs to the source again when they return. */
export interface Sink {
  /** When what is delivered next was heard, ms since 1970. Set by the source, once for all that came at one time: asking the clock costs 55 ns. */
  heardAt: number
  /** One message: bytes[start, end), from the peer's address in its shortest form (IPv4 never as ::ffff:). */
  deliver(bytes: Uint8Array, start: number, end: number, peer: string): void
  /** A message that was received and can't be kept: counted as unreadable, with the reason. */
  refuse(reason: RefusalReason, peer: string): void
}

export const refusalReasons = ['oversize', 'broken-frame'] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** Counts that are not about messages. Every name is a number of occurrences since start. */
export interface SourceCounters {
  connections: number
  connectionsOpen: number
  connectionsRefused: number
  handshakesFailed: number
  idleClosed: number
}

export const noConnections: SourceCounters = Object.freeze({
  connections: 0,
  connectionsOpen: 0,
  connectionsRefused: 0,
  handshakesFailed: 0,
  idleClosed: 0,
})

export interface Source {
  readonly name: 'udp' | 'tcp' | 'tls' | 'nflog'
  /** Where it listens, as text: `[::]:514`, `group 5`. */
  readonly address: string
  readonly counters: Readonly<SourceCounters>
  /** Messages that the kernel threw away since the socket was opened; null where it does not tell, or can't lose any. */
  kernelLost(): number | null
  close(): Promise<void>
}

/** No message may be longer; what is longer is refused as `oversize`. */
export const MESSAGE_MAX_BYTES = 65536
