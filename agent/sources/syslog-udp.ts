// Syslog over UDP (RFC 5426): one datagram, one message. On `::` it hears IPv4 and IPv6. What the kernel throws away is
// not seen here; the size of its buffer, which decides about that, is.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatListenAddress, type ListenAddress, openOnHost, peerName } from './listen-address.ts'
import type { Sink, Source } from './source.ts'

export interface SyslogUdpOptions extends ListenAddress {
  /** A bound socket to use in place of host and port (systemd). */
  readonly fd?: number | undefined
  readonly sink: Sink
  /** Asked of the kernel, which gives no more than net.core.rmem_max. */
  readonly receiveBufferBytes?: number
  /** Told of errors of the socket that don't end it. */
  readonly trouble?: (error: Error) => void
}

export interface SyslogUdpSource extends Source {
  /** What the kernel really gave, its own bookkeeping included (socket(7): twice what was asked). */
  readonly receiveBufferBytes: number
}

const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024
const DRAIN_STEP_MS = 10
const DRAIN_STEPS = 25

/** Failure 'listen-failed' if the address can't be had. */
export async function openSyslogUdp(options: SyslogUdpOptions): Promise<SyslogUdpSource> {
  const { sink, fd } = options
  const socket = await openOnHost('udp', options, host => bind(host, options.port, fd))
  let received = 0
  let lastAddress = ''
  let lastPeer = ''
  socket.on('message', (bytes: Buffer, { address }: RemoteInfo) => {
    received++
    if (address !== lastAddress) {
      lastAddress = address
      lastPeer = peerName(address)
    }
    if (bytes.length > 0) sink.deliver(bytes, 0, bytes.length, lastPeer)
  })
  socket.on('error', error => options.trouble?.(error))
  const { address, port } = socket.address()
  return {
    name: 'udp',
    address: formatListenAddress(address, port),
    receiveBufferBytes: widen(socket, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES),
    counters: { connections: 0, connectionsOpen: 0, connectionsRefused: 0, handshakesFailed: 0, idleClosed: 0 },
    close: async () => {
      // what waits in a socket of systemd's is for our successor; what waits in our own would be lost
      for (let step = 0, before = -1; fd === undefined && step < DRAIN_STEPS && before !== received; step++) {
        before = received
        await sleep(DRAIN_STEP_MS)
      }
      await new Promise<void>(resolve => socket.close(() => resolve()))
    },
  }
}

function bind(host: string, port: number, fd: number | undefined): Promise<Socket> {
  const socket = createSocket(isIPv4(host) ? 'udp4' : 'udp6')
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  socket.once('error', error => {
    socket.close()
    reject(error)
  })
  socket.once('listening', () => {
    socket.removeAllListeners('error')
    resolve(socket)
  })
  socket.bind(fd === undefined ? { address: host, port } : { fd })
  return promise
}

/** A wider buffer that the socket has already (ReceiveBuffer= of systemd) is left as it is. */
function widen(socket: Socket, bytes: number): number {
  if (socket.getRecvBufferSize() < bytes) socket.setRecvBufferSize(bytes)
  return socket.getRecvBufferSize()
}
