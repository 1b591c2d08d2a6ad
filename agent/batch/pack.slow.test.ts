import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import t from 'tap'
import { Action, Direction, EventRecord } from '../event.ts'
import { parseAddress } from '../lib/address.ts'
import { randomFrom } from '../testing/random.ts'
import { compress, decompress } from './compress.ts'
import { readHead } from './head.ts'
import { FIRST_COLUMNS } from './layout.ts'
import { BATCH_MAX_ROWS, type Context, Endpoint, OpenBatch } from './open-batch.ts'
import { packBatch } from './pack.ts'
import { unpack } from './unpack.ts'

const options = {
  // the last byte of each address, sixteen times
  pseudonymise: (addresses: Uint8Array) => addresses.map((_, at) => addresses[at | 15]),
  reasonName: (reason: number) => `rule-${reason}`,
  accounting: { received: 7 },
}
const context: Context = { gateway: 3, product: 1, reason: 2, sourceEndpoint: Endpoint.foreign, destinationEndpoint: Endpoint.foreign }

const fill = (source: string, destination: string, changes: Partial<EventRecord> = {}): EventRecord => {
  const event = new EventRecord()
  event.words.set(parseAddress(source) ?? [], 0)
  event.words.set(parseAddress(destination) ?? [], 4)
  return Object.assign(
    event,
    {
      hasSource: true,
      hasDestination: true,
      time: 1_800_000_000_000,
      action: Action.deny,
      protocol: 6,
      destinationPort: 22,
      sourcePort: 4711,
    },
    changes,
  )
}

t.test('what is packed comes back, field by field', async t => {
  const port = fc.integer({ min: -1, max: 65535 })
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  const one = fc.record({
    source: address,
    destination: address,
    sourcePort: port,
    destinationPort: port,
    protocol: fc.integer({ min: -1, max: 255 }),
    action: fc.integer({ min: 0, max: 8 }),
    direction: fc.integer({ min: 0, max: 4 }),
    bytes: fc.integer({ min: -1, max: 2 ** 40 }),
    packets: fc.integer({ min: -1, max: 2 ** 31 }),
    rule: fc.integer({ min: -1, max: 2 ** 32 - 1 }),
    count: fc.integer({ min: 1, max: 1000 }),
    seconds: fc.integer({ min: 0, max: 2_000_000_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 60 }), async list => {
      const batch = new OpenBatch()
      const expected: object[] = []
      list.forEach(({ source, destination, seconds, ...rest }, gateway) => {
        const event = fill(source, destination, { ...rest, time: seconds * 1000 })
        batch.add(event, { ...context, gateway })
        const orNull = (value: number) => (value < 0 ? null : value)
        expected.push({
          gateway,
          time: seconds * 1000,
          count: rest.count,
          bytes: orNull(rest.bytes),
          packets: orNull(rest.packets),
          sourcePort: orNull(rest.sourcePort),
          destinationPort: orNull(rest.destinationPort),
          protocol: orNull(rest.protocol),
          rule: orNull(rest.rule),
        })
      })
      const back = unpack(await packBatch(batch, options))
      t.equal(back.rows, list.length)
      t.strictSame(back.accounting, { received: 7 })
      for (const [row, fields] of expected.entries()) t.match(back.event(row), fields)
      for (const [row, event] of list.entries()) t.strictSame(parseAddress(back.event(row).source ?? ''), parseAddress(event.source))
    }),
    { numRuns: 60 },
  )
})

t.test('an internal address is nowhere in a packed batch, its pseudonym is', async t => {
  const batch = new OpenBatch()
  batch.add(fill('10.1.2.99', '203.0.113.9'), { ...context, sourceEndpoint: Endpoint.ours })
  const event = unpack(await packBatch(batch, options)).event(0)
  t.equal(event.source, `in-${'63'.repeat(16)}`)
  t.equal(event.destination, '203.0.113.9')
  t.equal(event.reason, 'rule-2')
})

t.test('repeats become one row with a count, first and last time and the sum of bytes', async t => {
  const batch = new OpenBatch()
  for (let i = 0; i < 5; i++)
    batch.add(
      fill('203.0.113.1', '198.51.100.1', {
        time: 1_800_000_000_000 + i * 1000,
        bytes: 40,
        sourcePort: 1000 + i,
        direction: Direction.inbound,
      }),
      context,
    )
  batch.add(fill('203.0.113.1', '198.51.100.1', { destinationPort: 23 }), context)
  t.equal(batch.rows, 2)
  t.equal(batch.messages, 6)
  const back = unpack(await packBatch(batch, options))
  t.match(back.event(0), {
    count: 5,
    bytes: 200,
    sourcePort: 1000,
    lastSeen: 1_800_000_004_000,
    firstSeen: 1_800_000_000_000,
    direction: 'inbound',
  })
})

t.test('a full batch says so and loses nothing that it has', async t => {
  const batch = new OpenBatch()
  const event = fill('203.0.113.1', '198.51.100.1')
  for (let i = 0; i < BATCH_MAX_ROWS; i++) {
    event.words[3] = i * 7919
    if (batch.add(event, context) === 2) t.fail(`full at ${i}`)
  }
  event.words[3] = 1
  t.equal(batch.add(event, context), 2)
  t.equal(unpack(await packBatch(batch, options)).rows, BATCH_MAX_ROWS)
})

t.test('refuses bytes that packBatch cannot have written', async t => {
  const batch = new OpenBatch()
  for (let i = 0; i < 40; i++) batch.add(fill(`203.0.113.${i}`, '198.51.100.1', { destinationPort: i }), context)
  const good = await packBatch(batch, options)
  const plain = decompress(good)
  t.throws(() => unpack(Buffer.alloc(0)), { code: 'batch-malformed' })
  let refused = 0
  for (let i = 0; i < plain.length; i++) {
    const bad = await compress([Buffer.from(plain.map((byte, at) => (at === i ? byte ^ 0x55 : byte)))])
    try {
      const back = unpack(bad)
      for (let row = 0; row < back.rows; row++) back.event(row)
    } catch (error) {
      refused++
      t.match(error, { code: 'batch-malformed' })
    }
  }
  t.ok(refused > 20, `${refused} of ${plain.length} changes were seen; the others are other values, not other shapes`)
  t.throws(() => unpack(good.subarray(0, good.length - 5)), { code: 'batch-malformed' })
})

t.test('a forged message with absurd amounts or times does not spoil the batch of the others', async t => {
  const batch = new OpenBatch()
  for (let i = 0; i < 3; i++)
    batch.add(fill('203.0.113.1', '198.51.100.1', { bytes: 2 ** 53 - 1, packets: 2 ** 53 - 1, time: 9e15 }), context)
  batch.add(fill('203.0.113.2', '198.51.100.1', { time: -9e15 }), context)
  const back = unpack(await packBatch(batch, options))
  t.match(back.event(0), { bytes: 2 ** 48, packets: 2 ** 48, count: 3, time: Date.UTC(9999, 11, 31, 23, 59, 59) })
  t.equal(back.event(1).time, 0)
})

t.test('a packed batch is one zstd frame, and columns of a later version are passed over', async t => {
  const batch = new OpenBatch()
  for (let i = 0; i < 3000; i++) batch.add(fill(`203.0.113.${i % 250}`, '198.51.100.1', { destinationPort: i }), context)
  const packed = await packBatch(batch, options)
  t.equal(packed.indexOf(Buffer.from('28b52ffd', 'hex')), 0)
  t.equal(packed.lastIndexOf(Buffer.from('28b52ffd', 'hex')), 0)
  const plain = decompress(packed)
  const { head, length } = readHead(plain)
  const lengths = [...head.lengths, 5]
  const later = await compress([new Packr({ useRecords: false }).pack({ ...head, lengths }), plain.subarray(length), Buffer.from('later')])
  t.strictSame(unpack(later).event(2999), unpack(packed).event(2999))
})

/** Rows that are as dear to pack as strangers can make them: no two have anything in common. */
function worstBatch(rows = BATCH_MAX_ROWS): OpenBatch {
  const batch = new OpenBatch()
  const event = new EventRecord()
  for (let i = 0; i < rows; i++) {
    event.words.set([0x2a010db8, 0x420000, (i & 0xff) << 24, (i >>> 8) << 24, 0xfd000000, i & 3, i << 16, i])
    Object.assign(event, {
      hasSource: true,
      hasDestination: true,
      time: 1_800_000_000_000 + i * 7919,
      rule: i,
      bytes: i * 65_537,
      packets: i,
    })
    Object.assign(event, { sourcePort: i, destinationPort: i % 10_922 })
    batch.add(event, { ...context, gateway: i % 1023, destinationEndpoint: Endpoint.ours })
  }
  return batch
}

t.test('packing stops every few thousand rows, whatever they hold, so that sockets are read', async t => {
  const batch = worstBatch()
  t.equal(batch.rows, BATCH_MAX_ROWS)
  let [pauses, largest] = [0, 0]
  const packed = await packBatch(batch, {
    ...options,
    pseudonymise: addresses => {
      largest = Math.max(largest, addresses.length)
      return addresses
    },
    yieldToLoop: async () => {
      pauses++
    },
  })
  const columnsOfRows = 10
  t.ok(pauses >= (BATCH_MAX_ROWS / 4096) * columnsOfRows, `${pauses} pauses`)
  t.ok(largest <= 16_384, `${largest} bytes of pseudonyms at a time`)
  t.equal(unpack(packed).event(BATCH_MAX_ROWS - 1).destinationPort, (BATCH_MAX_ROWS - 1) % 10_922)
})

t.test('no stretch between two pauses is a large part of the work', async t => {
  const batch = worstBatch()
  const shares: number[] = []
  for (let round = 0; round < 3; round++) {
    const began = performance.now()
    let [before, longest, sum] = [began, 0, 0]
    const note = () => {
      const stretch = performance.now() - before
      longest = Math.max(longest, stretch)
      sum += stretch
    }
    const yieldToLoop = async () => {
      note()
      await setImmediate()
      before = performance.now()
    }
    await packBatch(batch, { ...options, yieldToLoop })
    shares.push(longest / sum)
  }
  // other programs may have the processor during one stretch, but not in each round
  t.ok(Math.min(...shares) < 0.2, shares.join())
})

t.test('two batches may be packed at the same time', async t => {
  const yieldToLoop = setImmediate
  const one = await packBatch(worstBatch(6000), options)
  const both = await Promise.all([1, 2].map(() => packBatch(worstBatch(6000), { ...options, yieldToLoop })))
  t.ok(both.every(packed => packed.equals(one)))
})

t.test('the bytes of a batch are those of the first version, but for columns that were added', async t => {
  const random = randomFrom(1)
  const below = (limit: number) => random() % limit
  const batch = new OpenBatch()
  const event = new EventRecord()
  for (let i = 0; i < 20_000; i++) {
    event.reset()
    event.hasSource = below(10) > 0
    event.hasDestination = below(10) > 0
    if (event.hasSource) event.words.set(below(3) > 0 ? [0, 0, 0xffff, below(9000)] : [0x20010db8, below(3), below(40), below(40)])
    if (event.hasDestination) event.words.set(below(3) > 0 ? [0, 0, 0xffff, below(500)] : [0xfd000000, below(3), below(40), below(40)], 4)
    const [time, action, direction] = [1_800_000_000_000 + below(3_000_000), below(9), below(5)]
    const [sourcePort, destinationPort] = [below(9) ? below(65536) : -1, below(9) ? below(below(4) ? 300 : 65536) : -1]
    const [protocol, bytes, packets, rule] = [
      below(20) - 1,
      below(3) ? below(5000) : -1,
      below(3) ? below(9) : -1,
      below(2) ? below(50) : -1,
    ]
    Object.assign(event, { time, action, direction, sourcePort, destinationPort, protocol, bytes, packets, rule })
    const [gateway, product, reason] = [below(20), below(9), below(12)]
    const sourceEndpoint = event.hasSource ? 1 + below(2) : Endpoint.absent
    batch.add(event, {
      gateway,
      product,
      reason,
      sourceEndpoint,
      destinationEndpoint: event.hasDestination ? 1 + below(2) : Endpoint.absent,
    })
  }
  const whole = decompress(await packBatch(batch, { ...options, pseudonymise: addresses => addresses.map(byte => byte ^ 0x5a) }))
  const { head, length } = readHead(whole)
  const lengths = head.lengths.slice(0, FIRST_COLUMNS)
  const columns = whole.subarray(length, length + lengths.reduce((sum, bytes) => sum + bytes, 0))
  const packed = Buffer.concat([new Packr({ useRecords: false }).pack({ ...head, lengths }), columns])
  t.same(
    [batch.rows, packed.length, createHash('sha256').update(packed).digest('hex')],
    [20_000, 741_451, '60b9e99b60c69e1a4d572a2e02a5bc49ebe61521301c61cf7204c3eb9b0257fc'],
  )
})
