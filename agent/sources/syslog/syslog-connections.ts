// The connections of a stream source: how many there may be, how long each may be idle, and how they close. Whatever goes
// wrong with one closes that one only. Used by syslog-tcp and syslog-tls.
import type { Server, Socket } from 'node:net'
import { peerName } from '../listen-address.ts'
import type { Sink } from '../source.ts'
import { FrameReader } from './syslog-frame.ts'
import { Rests } from './syslog-rests.ts'
import { Turns } from './syslog-turns.ts'

export interface StreamLimits {
  readonly connectionsMax: number
  readonly connectionsPerPeerMax: number
  /** For the first byte. Long, for firewalls with little to log: Cisco ASA stops new connections until it has reconnected. */
  readonly firstByteMs: number
  /** Between bytes after that. TCP keepalive finds dead peers long before. */
  readonly idleMs: number
  /** From the call of close() until connections that peers have not closed are cut. */
  readonly drainMs: number
}

const streamLimits: StreamLimits = {
  connectionsMax: 512,
  connectionsPerPeerMax: 64,
  firstByteMs: 300_000,
  idleMs: 3_600_000,
  drainMs: 250,
}

const KEEPALIVE_MS = 60_000

/** How many bytes have arrived at a socket and were not read (FIONREAD), or null if that is not known. */
export type UnreadBytes = (descriptor: number) => number | null

export class Connections {
  readonly counters = {
    connections: 0,
    connectionsOpen: 0,
    connectionsRefused: 0,
    handshakesFailed: 0,
    idleClosed: 0,
    /** While their senders held them open. */
    connectionsCut: 0,
    /** What had arrived on those and was not read. */
    bytesCut: 0,
  }
  readonly #sink: Sink
  /** May change at any time: what it says counts for connections that come after that. */
  readonly #stated: Partial<StreamLimits>
  readonly #unreadBytes: UnreadBytes
  /** Every connection; over TLS each is there twice: the accepted socket and the TLS socket. */
  readonly #sockets = new Set<Socket>()
  readonly #accepted = new Set<Socket>()
  readonly #read = new Set<Socket>()
  readonly #rests = new Rests()
  readonly #turns = new Turns()
  readonly #perPeer = new Map<string, number>()

  constructor(sink: Sink, limits: Partial<StreamLimits> = {}, unreadBytes: UnreadBytes = () => null) {
    this.#sink = sink
    this.#stated = limits
    this.#unreadBytes = unreadBytes
  }

  /** Counts a connection just accepted; undefined if it was refused, else the name of its peer. */
  admit(socket: Socket): string | undefined {
    const peer = peerName(socket.remoteAddress ?? '')
    const ofPeer = this.#perPeer.get(peer) ?? 0
    const isOver = this.counters.connectionsOpen >= this.#limit('connectionsMax') || ofPeer >= this.#limit('connectionsPerPeerMax')
    if (peer === '' || isOver) {
      this.counters.connectionsRefused++
      this.#track(socket)
      socket.destroy()
      return undefined
    }
    this.counters.connections++
    this.counters.connectionsOpen++
    this.#perPeer.set(peer, ofPeer + 1)
    this.#accepted.add(socket)
    this.#track(socket)
    socket.once('close', () => {
      this.#accepted.delete(socket)
      this.counters.connectionsOpen--
      const left = (this.#perPeer.get(peer) ?? 1) - 1
      if (left > 0) this.#perPeer.set(peer, left)
      else this.#perPeer.delete(peer)
    })
    socket.setKeepAlive(true, KEEPALIVE_MS)
    return peer
  }

  /** Reads messages from the connection until it ends. */
  read(socket: Socket, peer: string): void {
    this.#track(socket)
    this.#read.add(socket)
    const reader = new FrameReader(this.#sink, peer)
    const rest = this.#rests.of(socket)
    const push = (bytes: Buffer) => {
      if (!reader.push(bytes)) this.#cut(socket)
    }
    let isEndedBySender = false
    socket.setTimeout(this.#limit('firstByteMs'), () => {
      this.counters.idleClosed++
      isEndedBySender = true // it has had all the time it could want for the rest of its line
      socket.destroy()
    })
    socket.once('data', () => socket.setTimeout(this.#limit('idleMs')))
    socket.on('data', (chunk: Buffer) => {
      this.#sink.receivedAtMs = Date.now()
      if (this.#turns.take(socket, chunk, push)) rest(chunk.length)
    })
    socket.once('end', () => {
      isEndedBySender = true
    })
    socket.once('close', () => {
      this.#read.delete(socket)
      this.#turns.whenDone(socket, () => reader.end(isEndedBySender))
    })
  }

  /**
   * Stops accepting, tells every sender so (FIN, over TLS close_notify before it), takes what they still send for a moment, and cuts
   * the connections of those that do not mind. What they sent in that moment is lost, and TCP tells nobody how much it is.
   */
  async close(server: Server): Promise<void> {
    // the server's 'close' comes before that of its sockets, which may still deliver a last message
    const closed = Promise.all([
      new Promise<void>(resolve => server.close(() => resolve())),
      ...Array.from(this.#sockets, socket => new Promise<void>(resolve => socket.once('close', () => resolve()))),
    ])
    this.#rests.end()
    for (const socket of this.#read) socket.end()
    const cutAll = () => {
      for (const socket of this.#accepted) this.#cut(socket)
      for (const socket of this.#sockets) socket.destroy()
    }
    // behind a last look at all sockets: close() of one with unread bytes sends a RST in place of the FIN (RFC 1122 section 4.2.2.13)
    const last = setTimeout(() => setImmediate(cutAll), this.#limit('drainMs'))
    await closed
    clearTimeout(last)
    await this.#turns.idle()
  }

  #limit(name: keyof StreamLimits): number {
    return this.#stated[name] ?? streamLimits[name]
  }

  /** Ends a connection whose sender has not ended it. */
  #cut(socket: Socket): void {
    if (socket.destroyed) return
    const descriptor = descriptorOf(socket)
    this.counters.connectionsCut++
    const unread = descriptor === undefined ? 0 : (this.#unreadBytes(descriptor) ?? 0)
    // Node.js reads a little ahead of a connection that is paused
    this.counters.bytesCut += unread + socket.readableLength
    socket.destroy()
  }

  #track(socket: Socket): void {
    if (this.#sockets.has(socket)) return
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // a reset is a normal way to close
    socket.on('error', () => socket.destroy())
  }
}

/** Node.js has no public way to it; where it is another one some day, bytes are not known. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined
}

/** Listens, and resolves once it does. */
export function listen(server: Server, host: string, port: number, fd: number | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(fd === undefined ? { host, port } : { fd }, () => {
    server.removeListener('error', reject)
    resolve()
  })
  return promise
}
