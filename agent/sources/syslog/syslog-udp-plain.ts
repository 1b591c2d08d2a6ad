// Syslog over UDP with Node.js' own sockets, for machines without the native receiver: the same as syslog-udp.ts, at about
// six times its cost per datagram.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatListenAddress, openOnHost, peerName } from '../listen-address.ts'
import { kernelLostDatagrams } from './kernel-losses.ts'
import { RECEIVE_BUFFER_BYTES, type SyslogUdpOptions, type SyslogUdpSource } from './syslog-udp.ts'

const DRAIN_STEP_MS = 10
const DRAIN_STEPS = 25

/** Failure 'listen-failed' if the address can't be had. */
export async function openPlainSyslogUdp(options: SyslogUdpOptions): Promise<SyslogUdpSource> {
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
    sink.receivedAtMs = Date.now()
    if (bytes.length > 0) sink.deliver(bytes, 0, bytes.length, lastPeer)
  })
  socket.on('error', error => options.onError?.(error))
  const { address, port } = socket.address()
  const name = formatListenAddress(address, port)
  return {
    name: 'udp',
    address: name,
    receiveBufferBytes: widen(socket, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES),
    counters: {},
    kernelLost: () => kernelLostDatagrams(name),
    close: async () => {
      // datagrams waiting in a socket of systemd's are for the next agent; in our own socket they would be lost
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
