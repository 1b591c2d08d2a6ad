// Whole buffers of what one socket received, handed up by a thread of its own. See README.md.

/** Bounds are part of the contract: what lies outside throws RangeError with code ERR_OUT_OF_RANGE. */
export interface RingOptions {
  /** Asked of the kernel as socket buffer, 4 KiB to 1 GiB. SO_RCVBUFFORCE is tried first, then SO_RCVBUF. Default 16 MiB. */
  readonly receiveBufferBytes?: number
  /** Buffers between the thread and JavaScript, 2 to 64. Default 8. */
  readonly buffers?: number
  /** Size of each, up to 64 MiB. Default 512 KiB. */
  readonly bufferBytes?: number
  /** How long messages are held at most before they are handed up, 0 to 100000. A full buffer is handed up at once. Default 40000. */
  readonly lingerMicroseconds?: number
  /** The socket failed and was closed: an error of the system, with its `code`. Thrown if there is no such function. */
  readonly onError?: (error: Error) => void
}

export interface NflogOptions extends RingOptions {
  /** One to 32 groups, 0 to 65535 each. With `fd` they are what is listened to already, for the messages of errors. */
  readonly groups: readonly number[]
  /**
   * A netlink socket that listens to the groups already, in place of one of our own: this takes no capability. Its buffer,
   * and everything that is set for a group, stay as whoever opened it set them. It is closed with this one, but not unbound:
   * as long as another process has it too, packets wait in it.
   */
  readonly fd?: number
  /** Bytes of each packet that are copied, 0 to 65535; a rule's `snaplen` can only make it less. Default 128. */
  readonly copyRange?: number
  /** Packets that the kernel collects before it sends them, 1 to 65535. Default 128. */
  readonly queueThreshold?: number
  /** How long it collects at most, in hundredths of a second, 1 to 6000. Default 10. */
  readonly timeoutCentiseconds?: number
  /** Buffer it collects in, 4 KiB to 128 KiB. Default 32256: with the kernel's own bytes 32 KiB. */
  readonly kernelBufferBytes?: number
  /**
   * bytes[0, length) is a row of netlink messages, each at a multiple of 4 (NLMSG_ALIGN), from any of the groups. The
   * bytes belong to the socket again when the function returns.
   */
  readonly onBatch: (bytes: Uint8Array, length: number) => void
}

export interface UdpOptions extends RingOptions {
  /** IPv4 or IPv6 address; `::` receives both. */
  readonly address?: string
  readonly port?: number
  /** SO_REUSEPORT. */
  readonly reusePort?: boolean
  /** A bound UDP socket in place of address and port. It is closed with this one. */
  readonly fd?: number
  /** Datagrams a buffer holds, 1 to 1048576. Default 4096. */
  readonly entries?: number
  /**
   * `count` datagrams. The i-th is described by index[i * ENTRY_WORDS + field]. Bytes and index belong to the socket again
   * when the function returns.
   */
  readonly onBatch: (bytes: Uint8Array, index: Uint32Array, count: number) => void
}

export interface Statistics {
  /** Handed up. */
  readonly batches: number
  /** Datagrams of UDP; of netlink, each with many packets. */
  readonly datagrams: number
  readonly bytes: number
  /** How often the kernel reported ENOBUFS: netlink messages were lost. The sequence numbers show how many packets. */
  readonly overruns: number
  readonly truncated: number
  /** Netlink messages that did not come from the kernel, and were not handed up. */
  readonly foreign: number
  /** How often the thread had to wait because JavaScript held all buffers. */
  readonly waits: number
  /** Datagrams that the kernel dropped at this socket since it was made, modulo 2^32; null if it is not known. For netlink: messages, not packets. */
  readonly kernelDrops: number | null
}

export interface LogSocket {
  /** What the kernel really granted, its own bookkeeping included (socket(7): twice what was requested). */
  readonly receiveBufferBytes: number
  statistics(): Statistics
  /** Hands up what waits, for at most `drainMilliseconds` (default 0), and closes. */
  close(drainMilliseconds?: number): Promise<void>
}

export interface UdpSocket extends LogSocket {
  /** Where it is bound. */
  readonly address: string
  readonly port: number
}

/** Fields of an entry: offset and length of the datagram, port of the peer, and its IPv6 address in four words; IPv4 as ::ffff:a.b.c.d. */
export declare const Entry: { readonly offset: 0; readonly length: 1; readonly port: 2; readonly address: 4 }
export declare const ENTRY_WORDS: 8

/**
 * Throws TypeError (ERR_INVALID_ARG_TYPE) or RangeError (ERR_OUT_OF_RANGE) for arguments, and an Error with the `code` of
 * the system otherwise: EPERM without CAP_NET_ADMIN, EBUSY if another program listens to a group, EPROTOTYPE or EDESTADDRREQ
 * if `fd` is another kind of socket or was never bound, ENOTSOCK, EBADF.
 */
export declare function openNflog(options: NflogOptions): LogSocket

/** The same for UDP: EADDRINUSE, EACCES, EADDRNOTAVAIL ... */
export declare function openUdp(options: UdpOptions): UdpSocket

/** What has arrived at a stream socket of this process and was not read (FIONREAD of tcp(7)); null if the descriptor is none. */
export declare function unreadBytes(fd: number): number | null

/**
 * Sends `text` (1 to 1024 bytes, lines `NAME=value`) to the service manager whose socket NOTIFY_SOCKET names, with a descriptor if one is
 * given: READY=1, WATCHDOG=1, or FDSTORE=1 with FDNAME= (sd_notify(3)). False where there is none. What it does with it, it does not say:
 * notifyBarrier tells when. Throws TypeError or RangeError for arguments, and otherwise an Error with the `code` of the system: EBADF,
 * ECONNREFUSED, ENOENT, EAGAIN where it took nothing for 5 s. A manager that is busy makes the call wait.
 */
export declare function notify(text: string, fd?: number): boolean

/** Waits until every earlier notification was read, 5 s at most; false where there is no service manager. Throws as notify does: ETIMEDOUT. */
export declare function notifyBarrier(): boolean
