// Passes TCP connections on as they are, so that TLS and pins stay whole, and tells what they cost: the bytes of both ways, and by the
// kernel's own counters the segments, each of which has the headers of IP and TCP.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** IPv4, TCP, and the time stamps of RFC 7323. */
/** In which the box learns that its connection is closed. */
const CLOSING_MS = 50
const HEADERS_BYTES = 20 + 20 + 12
const LOOPBACK_SEGMENT_BYTES = 65_483
const SEGMENT_BYTES = 1448

export interface WireCount {
  readonly up: number
  readonly down: number
  readonly segments: number
  readonly connections: number
}

export const wireBytes = ({ up, down, segments }: WireCount): number => up + down + segments * HEADERS_BYTES

export const since = (now: WireCount, before: WireCount): WireCount => ({
  up: now.up - before.up,
  down: now.down - before.down,
  segments: now.segments - before.segments,
  connections: now.connections - before.connections,
})

export async function openRelay(target: number) {
  const total = { up: 0, down: 0, segments: 0, connections: 0 }
  const open = new Set<Socket>()
  let port = 0
  const server = createServer(box => {
    total.connections++
    const central = connect(target, '127.0.0.1')
    for (const socket of [box, central]) {
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        open.delete(box)
        box.destroy()
        central.destroy()
      })
    }
    open.add(box)
    box.on('data', chunk => {
      total.up += chunk.length
      total.segments += split(chunk.length)
    })
    central.on('data', chunk => {
      total.down += chunk.length
      total.segments += split(chunk.length)
    })
    box.pipe(central)
    central.pipe(box)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  port = address.port
  let ended = 0
  return {
    port,
    count: (): WireCount => ({ ...total, segments: total.segments + ended + segmentsOf(port) }),
    /** As a connection ends that was idle for too long: four more segments. */
    cut: async () => {
      ended += segmentsOf(port) + (open.size > 0 ? 4 : 0)
      for (const socket of open) socket.destroy()
      await sleep(CLOSING_MS)
    },
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

/** Loopback takes in one segment what a line takes in several. */
const split = (bytes: number): number => (bytes > LOOPBACK_SEGMENT_BYTES ? 0 : Math.ceil(bytes / SEGMENT_BYTES) - 1)

/** Of the connections that are open at this port, both ways, with those that only acknowledge (tcp(7), TCP_INFO). */
function segmentsOf(port: number): number {
  const text = execFileSync('ss', ['-tinH', 'state', 'established', `sport = :${port}`], { encoding: 'utf8' })
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`\\b${name}:(\\d+)`, 'g'))].reduce((total, [, count]) => total + Number(count), 0)
  return sum('segs_out') + sum('segs_in')
}
