import t from 'tap'
import { EventRecord } from '../event.ts'
import { Added, BATCH_MAX_ROWS, type Context, OpenBatch } from './open-batch.ts'

const event = new EventRecord()
const context: Context = { gateway: 1, product: 1, reason: 3, sourceEndpoint: 1, destinationEndpoint: 1 }

function describe(number: number): string {
  event.reset()
  event.words[2] = event.words[6] = 0xffff
  // few bits differ, and in places where a plain sum would hide it
  event.words[3] = (number & 0x3f) * 0x01010101
  event.words[7] = (number >> 6) & 3
  event.words[0] = (number >> 8) & 1
  event.destinationPort = ((number >> 9) & 7) - 1
  event.action = (number >> 12) & 3
  event.protocol = ((number >> 14) & 1) * 257 - 1
  context.gateway = (number >> 15) & 1
  context.sourceEndpoint = (number >> 16) & 1
  return [...event.words, event.destinationPort, event.action, event.protocol, context.gateway, context.sourceEndpoint].join()
}

t.test('what is alike becomes one row with a count, and nothing else does', async t => {
  const batch = new OpenBatch()
  for (let round = 0; round < 2; round++) {
    const rows = new Map<string, { row: number; count: number }>()
    let wrong = 0
    for (let i = 0; i < 60_000; i++) {
      // every fifth one is not new
      const key = describe(Math.imul(i - (i % 5 === 0 ? 7 : 0), 0x9e3779b1) & 0x7fff)
      const known = rows.get(key)
      const added = batch.add(event, context)
      if (added !== (known === undefined ? Added.row : Added.merged)) wrong++
      if (known === undefined) rows.set(key, { row: batch.rows - 1, count: 1 })
      else known.count++
    }
    t.equal(wrong, 0)
    t.equal(batch.rows, rows.size)
    t.equal(batch.messages, 60_000)
    t.notOk([...rows.values()].some(({ row, count }) => batch.count[row] !== count))
    batch.clear()
  }
})

t.test('a full batch takes repeats and no new rows', async t => {
  const batch = new OpenBatch()
  event.reset()
  const put = (number: number) => {
    event.words[3] = number
    return batch.add(event, context)
  }
  for (let i = 0; i < BATCH_MAX_ROWS; i++) if (put(i) !== Added.row) t.fail(`row ${i} is not new`)
  t.equal(put(BATCH_MAX_ROWS), Added.full)
  for (let i = 0; i < BATCH_MAX_ROWS; i++) if (put(i) !== Added.merged) t.fail(`row ${i} is new`)
  t.equal(batch.rows, BATCH_MAX_ROWS)
  t.equal(batch.messages, 2 * BATCH_MAX_ROWS)
})

t.test('addresses in a row, or apart by any power of two, are found in a few looks', async t => {
  for (let shift = 0; shift < 32; shift++) {
    const batch = new OpenBatch()
    event.reset()
    for (let i = 0; i < 4096; i++) {
      event.words[3] = (i << shift) | (i >>> (32 - shift))
      event.words[7] = i
      batch.add(event, context)
    }
    // what had to be looked for too far away got no slot, and its repeat would be a row
    event.words[3] = (4095 << shift) | (4095 >>> (32 - shift))
    t.equal(batch.rows, 4096)
    t.equal(batch.add(event, context), Added.merged, `shift ${shift}`)
  }
})

t.test('who chooses addresses and ports well, and does not see the keys, makes no repeat a row of its own', async t => {
  const families: Record<string, (i: number) => void> = {
    'the top two bits of every word': i => {
      for (let word = 0; word < 8; word++) event.words[word] = ((i >>> (2 * word)) & 3) << 30
    },
    'the top bits of two words of one /64': i => event.words.set([0x2a010db8, 0x420000, (i & 0xff) << 24, (i >>> 8) << 24]),
    'sources and destinations that go opposite ways': i => {
      event.words[3] = i << 16
      event.words[7] = -i << 16
    },
    'ports that make up for addresses': i => {
      event.words[3] = i >>> 4
      event.destinationPort = 0xffff - i
    },
  }
  for (const [name, choose] of Object.entries(families)) {
    const batch = new OpenBatch()
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < BATCH_MAX_ROWS; i++) {
        event.reset()
        choose(i)
        batch.add(event, context)
      }
    t.equal(batch.rows, BATCH_MAX_ROWS, name)
    t.equal(batch.messages, 2 * BATCH_MAX_ROWS, name)
  }
})
