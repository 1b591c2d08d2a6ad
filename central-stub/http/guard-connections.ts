// Binds the rules for connections (limits/connections.ts) to the sockets of the server: each is known from its TCP handshake on.
// TLS begins with the first bytes: what is turned away, or never says a word, costs a socket and nothing else.
import type { ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Connection, Connections } from '../limits/connections.ts'
import { networkOf } from '../limits/network.ts'
import type { Rates } from '../limits/rates.ts'

const SWEEP_MS = 1000

/** The same for the TCP socket and the TLS socket on it; unique while it is open. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

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
  const underWay = new WeakMap<Connection, number>()
  server.on('request', ({ socket }: { socket: Socket }, response: ServerResponse) => {
    const connection = byPeer.get(peerOf(socket))
    if (connection === undefined) return
    underWay.set(connection, (underWay.get(connection) ?? 0) + 1)
    connection.idleSince = undefined
    response.once('close', () => {
      const left = (underWay.get(connection) ?? 1) - 1
      underWay.set(connection, left)
      if (left === 0) connection.idleSince = now()
    })
  })
  const sweep = setInterval(() => connections.sweep(now()), SWEEP_MS).unref()
  return {
    usedBy: (socket, member) => {
      const connection = byPeer.get(peerOf(socket))
      if (connection !== undefined) connections.belongsTo(connection, member)
    },
    stop: () => clearInterval(sweep),
  }
}
