// The connections of a stream source: how many there may be, how long each may be idle, and how they close. Whatever goes
// wrong with one closes that one only. Used by syslog-tcp and syslog-tls.
import { type Server, Socket } from 'node:net'
import { peerName } from '../listen-address.ts'
import type { Sink } from '../source.ts'
import type { ConnectionKeeper, KeptConnection, UnfinishedFrame } from './kept-connections.ts'
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
    /** That the agent before had accepted. */
    connectionsAdopted: 0,
    connectionsOpen: 0,
    connectionsRefused: 0,
    /** Reset by their senders before they were accepted. */
    connectionsGone: 0,
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
  /** Left for the next agent. */
  kept = 0
  /** Every connection; over TLS each is there twice: the accepted socket and the TLS socket. */
  readonly #sockets = new Set<Socket>()
  readonly #accepted = new Set<Socket>()
  readonly #read = new Map<Socket, { readonly reader: FrameReader; readonly peer: string }>()
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
      this.counters[peer === '' ? 'connectionsGone' : 'connectionsRefused']++
      this.#track(socket)
      socket.destroy()
      return undefined
    }
    this.counters.connections++
    this.#open(socket, peer)
    socket.setKeepAlive(true, KEEPALIVE_MS)
    return peer
  }

  /** Reads on from a connection that the agent before left. It was admitted there, so no limit is asked again. */
  adopt({ descriptor, peer, unfinished }: KeptConnection): void {
    // nothing is read ahead, as in syslog-tcp.ts; the types lack what the constructor hands on to the stream
    const options = { fd: descriptor, readable: true, writable: true, highWaterMark: 1 }
    const socket = new Socket(options)
    this.counters.connectionsAdopted++
    this.#open(socket, peer)
    this.read(socket, peer, unfinished)
  }

  #open(socket: Socket, peer: string): void {
    this.counters.connectionsOpen++
    this.#perPeer.set(peer, (this.#perPeer.get(peer) ?? 0) + 1)
    this.#accepted.add(socket)
    this.#track(socket)
    socket.once('close', () => {
      this.#accepted.delete(socket)
      this.counters.connectionsOpen--
      const left = (this.#perPeer.get(peer) ?? 1) - 1
      if (left > 0) this.#perPeer.set(peer, left)
      else this.#perPeer.delete(peer)
    })
  }

  /** Reads messages from the connection until it ends; of one that was adopted, from where it stood. */
  read(socket: Socket, peer: string, unfinished?: UnfinishedFrame): void {
    this.#track(socket)
    const reader = new FrameReader(this.#sink, peer)
    if (unfinished !== undefined) reader.continueFrom(unfinished)
    this.#read.set(socket, { reader, peer })
    const rest = this.#rests.of(socket)
    const push = (bytes: Buffer) => {
      if (!reader.push(bytes)) this.#cut(socket)
    }
    let isEndedBySender = false
    socket.setTimeout(this.#limit(unfinished === undefined ? 'firstByteMs' : 'idleMs'), () => {
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
      // of one that was left for the next agent the stream goes on
      if (!this.#read.delete(socket)) return
      this.#turns.whenDone(socket, () => reader.end(isEndedBySender))
    })
  }

  /**
   * Stops accepting, and leaves the connections to the next agent where `keeper` keeps them. Tells all other senders (FIN, over TLS
   * close_notify before it), takes what they still send for a moment, and cuts the connections of those that do not mind. What these
   * sent in that moment is lost, and TCP tells nobody how much it is.
   */
  async close(server: Server, keeper?: ConnectionKeeper): Promise<void> {
    // the server's 'close' comes before that of its sockets, which may still deliver a last message
    const closed = Promise.all([
      new Promise<void>(resolve => server.close(() => resolve())),
      ...Array.from(this.#sockets, socket => new Promise<void>(resolve => socket.once('close', () => resolve()))),
    ])
    this.#rests.end()
    if (keeper !== undefined) this.#leave(keeper)
    for (const socket of this.#read.keys()) socket.end()
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

  /** All of it is one turn of the loop, so nothing is read from a connection that is not in what is kept of it. */
  #leave(keeper: ConnectionKeeper): void {
    const sockets = new Map<number, Socket>()
    const connections: KeptConnection[] = []
    for (const [socket, { reader, peer }] of this.#read) {
      // read() gives what Node.js has read ahead to the listener of 'data'
      do this.#turns.finish(socket)
      while (socket.read() !== null)
      const descriptor = descriptorOf(socket)
      if (socket.destroyed || descriptor === undefined) continue
      sockets.set(descriptor, socket)
      connections.push({ descriptor, peer, unfinished: reader.suspend() })
    }
    for (const descriptor of keeper.keep(connections)) {
      const socket = sockets.get(descriptor)
      if (socket === undefined) continue
      this.#read.delete(socket)
      this.kept++
      socket.destroy()
    }
    for (const socket of this.#read.keys()) socket.resume()
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
