// For tests of the loop: a central that is played, and a clock that is turned by the test.
import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { Failure } from '../errors.ts'
import { pause } from '../lib/backoff.ts'
import { quietLog } from '../log.ts'
import type { Identity } from './identity.ts'
import type { Answer, CentralClient } from './pinned-client.ts'
import { initialUplinkState, type Outgoing, type UplinkHost, type UplinkReceipt, uploadForever } from './uplink.ts'

export const STEP_MS = 1000
const never = new AbortController().signal
export const hashOf = (sequence: number): string => sequence.toString(16).padStart(64, '0')

/** What central may answer to a batch; numbers are statuses. */
export type Play =
  | 'stored'
  | 'stored, and knows version 2'
  | 'forged'
  | 'other-batch'
  | 'other-device'
  | 'nonsense'
  | 'unreachable'
  | { status: number; retryAfterSeconds: number }

interface Post {
  readonly path: string
  readonly sequence: number
  readonly at: number
  readonly play: Play
}

/** A box with batches 1 to `batches` before a central that plays `plays` and then stores everything. */
export function stage(as: Identity, batches: number, plays: readonly Play[]) {
  const queue: Outgoing[] = Array.from({ length: batches }, (_, i) => ({
    sequence: i + 1,
    hash: hashOf(i + 1),
    bytes: Buffer.from(String(i + 1)),
  }))
  const posts: Post[] = []
  const acknowledged: number[] = []
  const discarded: number[] = []
  const replaced: Identity['stored'][] = []
  const left = [...plays]
  const genuine: UplinkReceipt[] = []
  let present = as
  let underWay = 0
  // collected, because the loop takes whatever is thrown at it for a failure of central
  const faults: string[] = []
  const leave = (sequence: number) => {
    if (queue.shift()?.sequence !== sequence) faults.push(`batch ${sequence} is not the oldest`)
  }
  const receipt = (sequence: number, change: Partial<UplinkReceipt> = {}): UplinkReceipt => ({
    device: as.stored.device,
    sequence,
    hash: hashOf(sequence),
    storedAt: '2026-11-20T12:00:00Z',
    key: 'key',
    signature: 'genuine',
    ...change,
  })
  const answer = (sequence: number, play: Play): Answer => {
    const ok = (body: object) => ({ status: 200, retryAfterSeconds: 0, body })
    const signed = (body: UplinkReceipt) => {
      genuine.push(body)
      return ok(body)
    }
    if (play === 'unreachable') throw new Failure('central-unreachable', 'played')
    if (typeof play === 'object') return { ...play, body: { code: 'played', message: 'Played.' } }
    if (play === 'forged') return ok(receipt(sequence, { signature: 'forged' }))
    if (play === 'other-batch') return signed(receipt(sequence, { hash: hashOf(999) }))
    if (play === 'other-device') return signed(receipt(sequence, { device: '00000000-0000-4000-8000-000000000000' }))
    if (play === 'stored, and knows version 2') return signed(Object.assign(receipt(sequence), { version: 2 }))
    return play === 'stored' ? signed(receipt(sequence)) : ok({ all: 'well' })
  }
  const client: CentralClient = {
    post: async (path, body) => {
      if (underWay++ > 0) faults.push('two at a time')
      const sequence = body instanceof Uint8Array ? Number(Buffer.from(body).toString()) : 0
      const play = left.shift() ?? 'stored'
      posts.push({ path, sequence, at: Date.now(), play })
      await Promise.resolve()
      underWay--
      return answer(sequence, play)
    },
    close: async () => undefined,
  }
  const host: UplinkHost = {
    identity: () => present,
    superseded: () => never,
    connect: async () => client,
    next: () => queue[0],
    // form and signature are those of agent/batch/receipt.ts, of which the uplink knows nothing
    receiptIn: ({ body }) => genuine.find(one => one === body),
    acknowledge: ({ sequence }, { signature }) => {
      if (signature !== 'genuine') faults.push(`batch ${sequence} was acknowledged by a forged receipt`)
      leave(sequence)
      acknowledged.push(sequence)
    },
    discard: sequence => {
      leave(sequence)
      discarded.push(sequence)
    },
    replace: stored => replaced.push(stored),
    wait: (ms, until) => pause(Math.min(ms, STEP_MS), until),
  }
  const become = (next: Identity) => {
    present = next
  }
  return { host, queue, posts, acknowledged, discarded, replaced, faults, become }
}

/** Runs the loop on a played clock until `isDone`; gives its state. */
export async function play(host: UplinkHost, isDone: () => boolean, now = Date.now(), state = initialUplinkState(), log = quietLog) {
  const ending = new AbortController()
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now })
  try {
    const sending = uploadForever(host, state, log, ending.signal)
    for (let step = 0; !isDone() && step < 100_000; step++) {
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
      mock.timers.tick(STEP_MS)
    }
    assert.ok(isDone(), 'it comes to its end')
    ending.abort()
    await sending
  } finally {
    mock.timers.reset()
  }
  return state
}
