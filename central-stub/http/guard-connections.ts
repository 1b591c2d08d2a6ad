// Binds the rules for connections (limits/connections.ts) to the sockets of the server: each is known from its TCP handshake on.
// TLS begins with the first bytes: what is turned away, or never says a word, costs a socket and nothing else.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Connection, Connections } from '../limits/connections.ts'
import { networkOf } from '../limits/network.ts'
import type { Rates } from '../limits/rates.ts'

const SWEEP_MS = 1000

/** The same for the TCP socket and the TLS socket on it; unique while it is open. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** Calls `work` once the answer is complete, or the other side has gone. Whoever does not read the answer is not waited for. */
export function onAnswered(response: ServerResponse, work: () => void): void {
  let isDone = false
  const once = () => {
    if (!isDone) work()
    isDone = true
  }
  // 'finish' comes when the kernel has taken all of it, which somebody who reads nothing can put off for ever
  response.once('prefinish', once)
  response.once('close', once)
}

export interface ConnectionGuard {
  /** A device has shown itself on this connection. */
  usedBy(socket: Socket, member: string): void
  stop(): void
}

/** `handshakes`: how many TLS handshakes a network may ask for; they cost more than anything else that strangers can ask. */
export function guardConnections(server: Server, connections: Connections, handshakes: Rates, now: () => number): ConnectionGuard {
  const byPeer = new Map<string, Connection>()
  // "can also be explicitly emitted by users to inject connections" (Node.js, tls.Server 'connection'): here to those who listened
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    const network = networkOf(socket.remoteAddress)
    let isSilent = true
    const connection: Connection = {
      network,
      idleSince: now(),
      member: undefined,
      isSilent: () => isSilent,
      close: () => socket.destroy(),
    }
    if (handshakes.waitMs(network, now()) > 0) {
      connections.turnedAway++
      socket.destroy()
      return
    }
    if (!connections.add(connection)) {
      socket.destroy()
      return
    }
    byPeer.set(peer, connection)
    socket.once('close', () => {
      byPeer.delete(peer)
      connections.remove(connection)
    })
    // it may be reset before there is a TLS socket that takes its errors
    const onError = () => socket.destroy()
    socket.once('error', onError)
    socket.once('readable', () => {
      // closed without a word
      if (socket.readableLength === 0) {
        socket.destroy()
        return
      }
      isSilent = false
      socket.off('error', onError)
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
    })
  })
  server.on('secureConnection', socket => handshakes.count(networkOf(socket.remoteAddress), now()))
  // Before anyone else sees a request. One at a time: 3,600 small ones in one packet would be 3,600 under way. No box sends
  // the next before it has the answer, though RFC 9112 (9.3.2) lets a client.
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    // what else was in the same packet
    if (socket.destroyed) return
    const connection = byPeer.get(peerOf(socket))
    if (connection === undefined || connection.idleSince === undefined) {
      if (connection !== undefined) connections.turnedAway++
      socket.destroy()
      return
    }
    connection.idleSince = undefined
    onAnswered(response, () => {
      connection.idleSince ??= now()
    })
    for (const handler of handlers) Reflect.apply(handler, server, [request, response])
  }
  server.on('request', onRequest)
  // an expectation that central does not know is no reason for an answer of another kind
  server.on('checkExpectation', onRequest)
  const sweep = setInterval(() => connections.sweep(now()), SWEEP_MS).unref()
  return {
    usedBy: (socket, member) => {
      const connection = byPeer.get(peerOf(socket))
      if (connection !== undefined) connections.belongsTo(connection, member)
    },
    stop: () => clearInterval(sweep),
  }
}
