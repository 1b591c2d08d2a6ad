// What a hostile box or stranger does, for tests: bodies and connections that stand still, and batches as large as they can be.
import { randomBytes } from 'node:crypto'
import type { ClientRequest } from 'node:http'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { Endpoint, OpenBatch } from '../agent/batch/open-batch.ts'
import { packBatch } from '../agent/batch/pack.ts'
import type { Box } from './test-box.ts'

const REOPEN_MS = 100

/** A request whose body does not go on after its first byte; `onAnswer` gets the status that central answers. */
export function holdPlace(box: Box, onAnswer: (status: number) => void): ClientRequest {
  const call = request({
    host: '127.0.0.1',
    port: box.target.port,
    path: '/v1/batches',
    method: 'POST',
    agent: false,
    ca: box.target.authority,
    servername: 'localhost',
    cert: box.certificate,
    key: box.key.export({ type: 'pkcs8', format: 'pem' }),
    headers: { 'content-type': 'application/octet-stream', 'content-length': 4_000_000 },
  })
  // central closes it in the end
  call.on('error', () => call.destroy())
  call.on('response', answer => {
    onAnswer(answer.statusCode ?? 0)
    answer.resume()
  })
  call.write('x')
  return call
}

/** TCP connections that never say a word, opened anew whenever one is closed; gives what ends them. */
export function holdConnections(port: number, count: number, localAddress: string): () => void {
  const open = () => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    return socket.on('error', () => socket.destroy())
  }
  const sockets: Socket[] = Array.from({ length: count }, open)
  const timer = setInterval(() => {
    for (const [i, socket] of sockets.entries()) if (socket.destroyed) sockets[i] = open()
  }, REOPEN_MS)
  return () => {
    clearInterval(timer)
    for (const socket of sockets) socket.destroy()
  }
}

/** A packed batch in which no two rows have anything in common. */
export function packRandom(rows: number): Promise<Uint8Array> {
  const batch = new OpenBatch()
  for (let row = 0; row < rows; row++) {
    const random = randomBytes(48)
    const words = Uint32Array.from({ length: 8 }, (_, i) => random.readUInt32LE(i * 4))
    const event = {
      words,
      hasSource: true,
      hasDestination: true,
      time: 1_790_000_000_000 + row,
      clock: 1,
      action: 1,
      sourcePort: random.readUInt16LE(32),
      destinationPort: random.readUInt16LE(34),
      protocol: 6,
      bytes: random.readUInt32LE(36),
      packets: random.readUInt32LE(40),
      rule: random.readUInt32LE(44),
      count: 1,
      direction: 1,
      isLate: false,
      reset: () => undefined,
    }
    const [source, destination] = [Endpoint.foreign, Endpoint.foreign]
    batch.add(event, { gateway: row % 1000, product: 1, reason: 0, sourceEndpoint: source, destinationEndpoint: destination })
  }
  return packBatch(batch, { pseudonymise: () => Buffer.alloc(16), reasonName: () => 'blocked', accounting: {} })
}
