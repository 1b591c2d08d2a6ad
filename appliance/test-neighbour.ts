// Run in a network namespace that stands for the box's neighbour: knocks at doors and says what happened at each.
//   node test-neighbour.ts '[["tcp", "192.0.2.10", 514], ["udp", "192.0.2.10", 9, "text"]]'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'

/** Protocol, address, port, and for UDP what to say. */
export type Knock = readonly [protocol: 'tcp' | 'udp', address: string, port: number, text?: string]
/** `sent` is all that UDP can tell. */
export type Answer = 'open' | 'refused' | 'silent' | 'sent'

/** Shorter than the second after which Linux sends a SYN again: each knock is one packet. */
const PATIENCE_MS = 700

function knock([protocol, address, port, text = '']: Knock): Promise<Answer> {
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

if (import.meta.main) console.log(JSON.stringify(await Promise.all((JSON.parse(process.argv[2]) as Knock[]).map(knock))))
