// The connections of a stream source: how many there may be, how long each may be idle, and how they close. Whatever goes
// wrong with one closes that one only. Used by syslog-tcp and syslog-tls.
import type { Server, Socket } from 'node:net'
import { peerName } from '../listen-address.ts'
import type { Sink } from '../source.ts'
import { FrameReader } from './syslog-frame.ts'
import { Rests } from './syslog-rests.ts'

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

export class Connections {
  readonly counters = { connections: 0, connectionsOpen: 0, connectionsRefused: 0, handshakesFailed: 0, idleClosed: 0 }
  readonly #sink: Sink
  readonly #limits: StreamLimits
  /** Every connection; over TLS each is there twice: the accepted socket and the TLS socket. */
  readonly #sockets = new Set<Socket>()
  readonly #read = new Set<Socket>()
  readonly #rests = new Rests()
  readonly #perPeer = new Map<string, number>()

  constructor(sink: Sink, limits: Partial<StreamLimits> | undefined) {
    this.#sink = sink
    this.#limits = { ...streamLimits, ...limits }
  }

  /** Counts a connection just accepted; undefined if it was refused, else the name of its peer. */
  admit(socket: Socket): string | undefined {
    const peer = peerName(socket.remoteAddress ?? '')
    const ofPeer = this.#perPeer.get(peer) ?? 0
    const { connectionsMax, connectionsPerPeerMax } = this.#limits
    if (peer === '' || this.counters.connectionsOpen >= connectionsMax || ofPeer >= connectionsPerPeerMax) {
      this.counters.connectionsRefused++
      this.#track(socket)
      socket.destroy()
      return undefined
    }
    this.counters.connections++
    this.counters.connectionsOpen++
    this.#perPeer.set(peer, ofPeer + 1)
    this.#track(socket)
    socket.once('close', () => {
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
    socket.setTimeout(this.#limits.firstByteMs, () => {
      this.counters.idleClosed++
      socket.destroy()
    })
    socket.once('data', () => socket.setTimeout(this.#limits.idleMs))
    socket.on('data', (chunk: Buffer) => {
      this.#sink.receivedAtMs = Date.now()
      if (!reader.push(chunk)) socket.destroy()
      else rest(chunk.length)
    })
    socket.once('close', () => {
      this.#read.delete(socket)
      reader.end()
    })
  }

  /** Stops accepting, takes what peers still send for a moment, and ends every connection. */
  async close(server: Server): Promise<void> {
    // the server's 'close' comes before that of its sockets, which may still deliver a last message
    const closed = Promise.all([
      new Promise<void>(resolve => server.close(() => resolve())),
      ...Array.from(this.#sockets, socket => new Promise<void>(resolve => socket.once('close', () => resolve()))),
    ])
    this.#rests.end()
    for (const socket of this.#read) socket.end()
    const last = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, this.#limits.drainMs)
    await closed
    clearTimeout(last)
  }

  #track(socket: Socket): void {
    if (this.#sockets.has(socket)) return
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // a reset is a normal way to close
    socket.on('error', () => socket.destroy())
  }
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
