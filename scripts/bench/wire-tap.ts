// Counts what goes from the box to central: TCP connections are passed on as they are, so that TLS and pins stay whole.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface WireTap {
  readonly port: number
  /** Bytes that the box sent, TLS included, TCP and IP headers not. */
  bytesUp(): number
  close(): void
}

export async function openTap(target: number): Promise<WireTap> {
  let up = 0
  const open = new Set<Socket>()
  const server = createServer(box => {
    const central = connect(target, '127.0.0.1')
    for (const socket of [box, central]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(socket)
        box.destroy()
        central.destroy()
      })
    }
    box.on('data', chunk => {
      up += chunk.length
    })
    box.pipe(central)
    central.pipe(box)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the tap has no port')
  return {
    port: address.port,
    bytesUp: () => up,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
