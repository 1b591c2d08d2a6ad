// Sends one message to a socket of this process, as a sender on this machine would: over the loopback interface, and from a loopback
// address wherever the socket listens. Nothing stays open behind it.
import { createSocket } from 'node:dgram'
import { connect, isIPv4 } from 'node:net'
import { type ListenAddress, parseListenAddress } from '../listen-address.ts'
import type { Source } from '../source.ts'

const PATIENCE_MS = 5000

/** `tell` hears why it could not be sent. Sources of other kinds than UDP and TCP cannot be written to. */
export function sendToSelf({ name, address }: Source, text: string, tell: (fault: Error) => void): void {
  const to = reachable(parseListenAddress(address))
  const from = isIPv4(to.host) ? '127.0.0.1' : '::1'
  if (name === 'udp') sendDatagram(to, from, text, tell)
  else if (name === 'tcp') sendLine(to, from, text, tell)
}

/** A socket on all addresses is reached on the loopback one; `::` receives IPv4 too. */
const reachable = ({ host, port }: ListenAddress): ListenAddress => ({
  host: host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host,
  port,
})

/** Connected, so that it receives from nobody else. */
function sendDatagram({ host, port }: ListenAddress, from: string, text: string, tell: (fault: Error) => void): void {
  const socket = createSocket(isIPv4(host) ? 'udp4' : 'udp6')
  const close = (error?: Error | null) => {
    if (error) tell(error)
    socket.removeAllListeners()
    socket.on('error', () => undefined) // told already, or of a socket that is closed
    socket.close()
  }
  socket.once('error', close)
  socket.bind(0, from, () => socket.connect(port, host, () => socket.send(text, close)))
}

function sendLine({ host, port }: ListenAddress, from: string, text: string, tell: (fault: Error) => void): void {
  const socket = connect({ host, port, localAddress: from, timeout: PATIENCE_MS })
  socket.once('error', tell)
  socket.once('timeout', () => socket.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)))
  socket.resume()
  socket.end(`${text}\n`)
}
