// Events as a fleet of two thousand members sends them: 60 % background from 200,000 sources, a few of which send most of it; sweeps of
// single addresses, scanners of everything, failed logins of guessers and sprayers, slow scanners, and allowed connections of the
// background. The same seed gives the same events.

import type { ArrivedBatch } from '../../central-stub/arrivals/arrivals.ts'
import { batchOf, type TestEvent } from '../../central-stub/arrivals/test-batches.ts'

export const FLEET_MEMBERS = 2000
const KNOWN_PORTS = [23, 22, 445, 3389, 5060, 8080, 80, 443, 6379, 1433, 5900, 2323, 8443, 3306, 5432]

/** Mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The address of one of a member's five hosts. */
const hostOf = (member: number, host: number): number => 0xc6000000 + member * 4096 + host

/** One batch of a member's box: so many events from one time to another, in seconds. */
export function makeBatch(random: () => number, sequence: number, member: number, count: number, from: number, to: number): ArrivedBatch {
  const below = (limit: number) => Math.floor(random() * limit)
  const background = () => 0x0b000000 + Math.floor(200_000 ** random()) * 7919
  const kinds: readonly (readonly [number, () => Partial<TestEvent>])[] = [
    [0.6, () => ({ source: background(), destinationPort: below(4) === 0 ? below(65_535) : KNOWN_PORTS[below(KNOWN_PORTS.length)] })],
    // a sweep of one address, some 190 ports long: five batches
    [
      0.75,
      () => ({
        source: 0x2d000000 + member * 4096 + Math.floor(sequence / 5),
        destination: hostOf(member, 0),
        destinationPort: 1 + below(1024),
      }),
    ],
    [0.8, () => ({ source: 0x3e000000 + below(200), destinationPort: KNOWN_PORTS[below(5)] })],
    [0.84, () => ({ source: 0x4d000000 + member * 2 + below(2), destinationPort: 22, action: 7 })],
    [
      0.85,
      () =>
        member < 60 ? { source: 0x50000000 + below(50), destinationPort: 22, action: 7 } : { source: background(), destinationPort: 22 },
    ],
    [0.9, () => ({ source: 0x5b000000 + member * 20 + below(20), destinationPort: below(10_000) })],
    [1, () => ({ source: background(), destinationPort: [22, 3389, 443][below(3)], action: 0 })],
  ]
  const events = Array.from({ length: count }, (_, i): TestEvent => {
    const kind = random()
    const [, make] = kinds.find(([upTo]) => kind < upTo) ?? kinds[0]
    const time = Math.floor(from + ((to - from) * i) / count)
    return { time, sourcePort: 1024 + below(60_000), destination: hostOf(member, below(5)), action: 1, bytes: 40 + below(60), ...make() }
  })
  return batchOf(events, { device: member + 1, member: member + 1, sequence, deviceUuid: '3b0c6a1e-0000-4000-8000-000000000000' })
}
