// When a batch is to be closed, by a clock of our own.
import t from 'tap'
import { EventRecord } from '../event.ts'
import { OpenBatches, type OpenBatchesOptions } from './open-batches.ts'

const context = { gateway: 1, product: 1, reason: 0, sourceEndpoint: 1, destinationEndpoint: 1 }
const [COMMON, VALUABLE] = [1, 2]

function filled(options: OpenBatchesOptions = { quickMs: 0 }) {
  let now = 0
  let next = 0
  const batches = new OpenBatches({ now: () => now, ...options })
  const event = new EventRecord()
  return {
    batches,
    at: (ms: number) => {
      now = ms
    },
    add: (value: number) => {
      event.words[3] = next++
      batches.add(event, context, 'udp', value)
    },
  }
}

t.test('a batch of events that may wait is open for a minute, and one with a valuable event for two seconds', async t => {
  const { batches, at, add } = filled()
  t.equal(batches.closeInMs(false), Number.POSITIVE_INFINITY, 'an empty one for ever')
  add(COMMON)
  t.equal(batches.closeInMs(false), 60_000)
  t.equal(batches.closeInMs(true), 2000, 'where nothing can be kept it does not wait')
  at(10_000)
  add(COMMON)
  t.equal(batches.closeInMs(false), 50_000, 'from its first event on')
  add(VALUABLE)
  t.equal(batches.closeInMs(false), 2000)
  at(11_000)
  add(VALUABLE)
  t.equal(batches.closeInMs(false), 1000, 'from its first valuable event on')
  batches.take()
  t.equal(batches.closeInMs(false), Number.POSITIVE_INFINITY)
  at(12_000)
  add(COMMON)
  t.equal(batches.closeInMs(false), 60_000, 'the next one begins anew')
  at(71_000)
  add(VALUABLE)
  t.equal(batches.closeInMs(false), 1000, 'no later for a valuable event')
})

t.test('a batch with many rows waits no longer than two seconds', async t => {
  const { batches, at, add } = filled()
  for (let i = 0; i < 1023; i++) add(COMMON)
  t.equal(batches.closeInMs(false), 60_000)
  at(1500)
  add(COMMON)
  t.equal(batches.closeInMs(false), 500)
})

t.test('an agent that has just started is quick with everything', async t => {
  const { batches, at, add } = filled({ quickMs: undefined })
  add(COMMON)
  t.equal(batches.closeInMs(false), 2000)
  const taken = batches.take()
  at(600_000)
  if (taken !== undefined) batches.giveBack(taken.batch)
  add(COMMON)
  t.equal(batches.closeInMs(false), 60_000)
})

t.test('what is not on the disk has to be within two seconds', async t => {
  const { batches, at, add } = filled()
  t.equal(batches.keepInMs, Number.POSITIVE_INFINITY)
  add(COMMON)
  at(1000)
  add(COMMON)
  t.equal(batches.keepInMs, 1000)
  const open = batches.peek()
  t.match({ rows: open.batch.rows, byInput: open.byInput, value: open.value }, { rows: 2, byInput: { udp: 2 }, value: COMMON })
  t.equal(batches.keepInMs, Number.POSITIVE_INFINITY, 'all of it is')
  batches.again()
  t.equal(batches.keepInMs, 2000, 'it was not after all')
  batches.peek()
  at(5000)
  add(COMMON)
  t.equal(open.byInput.udp, 2, 'a view of it does not change')
  t.equal(batches.keepInMs, 2000)
})
