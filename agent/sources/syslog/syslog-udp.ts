// Syslog over UDP (RFC 5426): one datagram, one message. On `::` it receives IPv4 and IPv6. Datagrams come many at a time from
// the native receiver, which is an argument: it may be missing (then syslog-udp-plain.ts does the same).
import { formatListenAddress, type ListenAddress, openOnHost } from '../listen-address.ts'
import type { Sink, Source } from '../source.ts'
import { PeerNames } from './peer-names.ts'

/** What the package node-netfilter-log offers, as far as it is used here. */
export type OpenUdp = (options: {
  readonly address?: string
  readonly port?: number
  readonly fd?: number
  readonly receiveBufferBytes: number
  readonly buffers: number
  readonly bufferBytes: number
  readonly entries: number
  readonly onBatch: (bytes: Uint8Array, index: Uint32Array, count: number) => void
  readonly onError: (error: Error) => void
}) => {
  readonly address: string
  readonly port: number
  readonly receiveBufferBytes: number
  statistics(): { readonly kernelDrops: number | null }
  close(drainMilliseconds?: number): Promise<void>
}

export interface SyslogUdpOptions extends ListenAddress {
  /** A bound socket to use in place of host and port (systemd). */
  readonly fd?: number | undefined
  readonly sink: Sink
  /** Requested from the kernel, which limits it to net.core.rmem_max without CAP_NET_ADMIN. */
  readonly receiveBufferBytes?: number
  /** Errors of the socket. */
  readonly onError?: (error: Error) => void
}

export interface SyslogUdpSource extends Source {
  /** What the kernel granted, its own overhead included (socket(7): twice what was requested). */
  readonly receiveBufferBytes: number
}

export const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024
/**
 * Small, so that a buffer is soon read even by a program that has only just begun (40 us a message): 1.5 ms warm, 15 ms cold. A third
 * of them is for bursts, of which the receiver takes notice up to 20 ms late (README of node-netfilter-log).
 */
const ring = { buffers: 48, bufferBytes: 128 * 1024, entries: 1024 }
const DRAIN_MS = 250
/** Words of an entry of the receiver's index: offset, length, port, unused, and the peer's IPv6 address in four. */
const ENTRY_WORDS = 8
const ADDRESS = 4

/** Failure 'listen-failed' if the address can't be had. */
export async function openSyslogUdp(open: OpenUdp, options: SyslogUdpOptions): Promise<SyslogUdpSource> {
  const { sink, fd } = options
  const peers = new PeerNames()
  function onBatch(bytes: Uint8Array, index: Uint32Array, count: number): void {
    sink.receivedAtMs = Date.now()
    for (let i = 0, at = 0; i < count; i++, at += ENTRY_WORDS) {
      const start = index[at]
      const length = index[at + 1]
      if (length > 0) sink.deliver(bytes, start, start + length, peers.of(index, at + ADDRESS))
    }
  }
  const socket = await openOnHost('udp', options, async host =>
    open({
      ...(fd === undefined ? { address: host, port: options.port } : { fd }),
      ...ring,
      receiveBufferBytes: options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES,
      onBatch,
      onError: error => options.onError?.(error),
    }),
  )
  return {
    name: 'udp',
    address: formatListenAddress(socket.address, socket.port),
    receiveBufferBytes: socket.receiveBufferBytes,
    counters: {},
    kernelLost: () => socket.statistics().kernelDrops,
    // datagrams waiting in a socket of systemd's are for the next agent; in our own socket they would be lost
    close: () => socket.close(fd === undefined ? DRAIN_MS : 0),
  }
}
