// Run in a network namespace of its own, which stands for another machine: probes ports of the box and prints what happened
// at each.
//   node test-peer.ts '[["tcp", "192.0.2.10", 514], ["udp", "192.0.2.10", 9, "text"]]'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'

/** Protocol, address, port, and for UDP the payload. */
export type Probe = readonly [protocol: 'tcp' | 'udp', address: string, port: number, text?: string]
/** Of UDP it is only known that it was sent. */
export type Answer = 'open' | 'refused' | 'silent' | 'sent'

/** Shorter than the second after which Linux sends a SYN again: each probe is one packet. */
const PATIENCE_MS = 700

function probe([protocol, address, port, text = '']: Probe): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  if (protocol === 'udp') {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.send(text, port, address, error => {
      socket.close()
      if (error === null) resolve('sent')
      else reject(error)
    })
    return promise
  }
  const socket = connect({ host: address, port })
  const patience = setTimeout(() => {
    socket.destroy()
    resolve('silent')
  }, PATIENCE_MS)
  socket.once('connect', () => {
    clearTimeout(patience)
    socket.destroy()
    resolve('open')
  })
  socket.once('error', () => {
    clearTimeout(patience)
    resolve('refused')
  })
  return promise
}

if (import.meta.main) console.log(JSON.stringify(await Promise.all((JSON.parse(process.argv[2]) as Probe[]).map(probe))))
