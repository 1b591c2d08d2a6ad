import fc from 'fast-check'
import t from 'tap'
import { Action, EventRecord } from '../event.ts'
import { emptyCounts, emptyTotals, growth, type InputCounts } from '../ledger/accounting.ts'
import { BitReader, BitWriter } from '../lib/bits.ts'
import { rules } from '../triage/rules.ts'
import { unpackColumns } from './columns.ts'
import { COMPACT, COMPACT_MAX_ROWS, readCompact } from './compact.ts'
import { columnNames } from './layout.ts'
import { countNumbers, reasonNames, reasonNumbers } from './names.ts'
import { type Context, Endpoint, OpenBatch } from './open-batch.ts'
import { packBatch } from './pack.ts'

const options = {
  pseudonymise: (addresses: Uint8Array) => addresses.map(byte => byte ^ 0x5a),
  reasonName: (reason: number) => reasonNames[reason] ?? `rule-${reason}`,
  accounting: { 'udp.received': 7, 'gateways.round': 2 },
  clockOffsetSeconds: -3,
}

t.test('numbers of any width come back', async t => {
  const list = fc.array(fc.nat(53).chain(width => fc.tuple(fc.constant(width), fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }))))
  const property = fc.property(list, fc.integer({ min: 1, max: 8 }), (numbers, group) => {
    const out = new BitWriter()
    for (const [width, value] of numbers) {
      out.put(Number(value), width)
      out.number(Number(value), group)
    }
    const input = new BitReader(out.take())
    return numbers.every(([width, value]) => input.take(width) === Number(value) && input.number(group) === Number(value)) && input.atEnd
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
})

const port = fc.oneof(fc.integer({ min: -1, max: 65535 }), fc.constantFrom(22, 445, 3389))
const word = fc.oneof(fc.constant(0), fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const one = fc.record({
  words: fc.oneof(
    fc.tuple(word, word).map(([source, destination]) => [0, 0, 0xffff, source, 0, 0, 0xffff, destination]),
    fc.array(word, { minLength: 8, maxLength: 8 }),
  ),
  sourcePort: port,
  destinationPort: port,
  protocol: fc.integer({ min: -1, max: 255 }),
  action: fc.nat(8),
  direction: fc.nat(4),
  bytes: fc.integer({ min: -1, max: 2 ** 48 }),
  packets: fc.integer({ min: -1, max: 2 ** 31 }),
  rule: fc.integer({ min: -1, max: 2 ** 32 - 1 }),
  count: fc.integer({ min: 1, max: 1000 }),
  time: fc.integer({ min: 0, max: 2_000_000_000 }).map(seconds => seconds * 1000),
  clock: fc.nat(5),
  context: fc.record({
    gateway: fc.nat(1023),
    product: fc.nat(8),
    reason: fc.nat(20),
    sourceEndpoint: fc.constantFrom(...Object.values(Endpoint)),
    destinationEndpoint: fc.constantFrom(...Object.values(Endpoint)),
  }),
})

function batchOf(list: readonly { words: readonly number[]; context: Context }[]): OpenBatch {
  const batch = new OpenBatch()
  const event = new EventRecord()
  for (const { words, context, ...rest } of list) {
    event.words.set(words)
    batch.add(Object.assign(event, rest), context)
  }
  return batch
}

t.test('whatever a batch holds, its compact form says the same as the other', async t => {
  const property = fc.asyncProperty(fc.array(one, { maxLength: 60 }), async list => {
    const batch = batchOf(list)
    const compact = await packBatch(batch, { ...options, isCompact: true })
    t.equal(compact[0], COMPACT)
    t.strictSame(unpackColumns(compact), unpackColumns(await packBatch(batch, options)))
  })
  await fc.assert(property, { numRuns: 50 })
})

t.test('a batch of many rows has the other form', async t => {
  const rows = (count: number) =>
    batchOf(
      Array.from({ length: count }, (_, i) => ({
        words: [0, 0, 0xffff, i, 0, 0, 0xffff, 9],
        context: { gateway: 1, product: 1, reason: 0, sourceEndpoint: 1, destinationEndpoint: 1 },
      })),
    )
  const first = async (count: number) => (await packBatch(rows(count), { ...options, isCompact: true }))[0]
  t.equal(await first(COMPACT_MAX_ROWS), COMPACT)
  t.equal(await first(COMPACT_MAX_ROWS + 1), 0x28)
})

t.test('seven events of a small site, with what was counted meanwhile, have no more than 116 bytes', async t => {
  const context = { gateway: 1, product: 1, reason: 6, sourceEndpoint: 1, destinationEndpoint: 1 }
  const list = Array.from({ length: 7 }, (_, i) => ({
    words: [0, 0, 0xffff, Math.imul(i + 1, 2_654_435_761) >>> 0, 0, 0, 0xffff, 0xc6336400 + i],
    action: Action.deny,
    time: 1_800_000_000_000 + i * 8640,
    sourcePort: 1024 + i * 7919,
    destinationPort: i < 5 ? 22 + i : 40_000,
    protocol: 6,
    bytes: 40 + i * 5,
    packets: 1,
    direction: 1,
    clock: 1,
    context,
  }))
  const accounting = { 'udp.received': 19, 'udp.dropped.allowed-outbound': 9, 'udp.dropped.allowed-inbound': 3 }
  const packed = await packBatch(batchOf(list), { ...options, accounting, isCompact: true })
  t.ok(packed.length <= 116, `${packed.length} bytes`)
  const empty = await packBatch(new OpenBatch(), { ...options, accounting, isCompact: true })
  t.ok(empty.length <= 24, `${empty.length} bytes without an event: with the rest of a frame no more than 200`)
})

t.test('every name of the agent has a number', async t => {
  const names = rules.map(({ name }) => name)
  t.same(
    names.filter(name => !reasonNumbers.has(name)),
    [],
  )
  const dropped = Object.fromEntries(names.map(name => [name, 1]))
  const counts: InputCounts = {
    ...emptyCounts(),
    received: 1,
    merged: 1,
    dropped,
    ignored: 1,
    unreadable: 1,
    shed: 1,
    lost: { kernel: 1, connections: 1, bytes: 1, deafMs: 1 },
  }
  const all = Object.keys(growth(emptyTotals(), { udp: counts, tcp: counts, tls: counts, nflog: counts }))
  t.ok(all.length > 80)
  t.same(
    all.filter(name => !countNumbers.has(name)),
    [],
  )
})

const refuses = (bytes: Uint8Array): boolean => {
  try {
    unpackColumns(bytes)
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'batch-malformed') return true
    throw error
  }
}

t.test('whatever bytes come, they are read in bounds or refused', async t => {
  const good = await packBatch(batchOf(fc.sample(one, 30)), { ...options, isCompact: true })
  let refused = 0
  for (let bit = 8; bit < good.length * 8; bit += 5) {
    const bad = Buffer.from(good)
    bad[bit >> 3] ^= 1 << (bit & 7)
    if (refuses(bad)) refused++
  }
  t.ok(refused > 20, `${refused} of the changed bits are refused`)
  for (let length = 0; length < good.length; length++) if (!refuses(good.subarray(0, length))) t.fail(`${length} bytes are enough`)
  t.ok(refuses(Buffer.concat([good, Buffer.from([0])])), 'one byte more')
  const random = fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), bytes => {
    bytes[0] = COMPACT
    refuses(bytes)
  })
  t.doesNotThrow(() => fc.assert(random, { numRuns: 500 }))
})

t.test('what would be much of little is bounded by its rows', async t => {
  const out = new BitWriter()
  out.put(COMPACT, 8)
  for (const number of [COMPACT_MAX_ROWS, 0, 0, 0, 0]) out.number(number, 7)
  for (let column = 0; column < columnNames.length; column++) {
    out.put(1, 1)
    out.number(2 * COMPACT_MAX_ROWS + 200, 3)
    out.put(0, 6)
  }
  const began = performance.now()
  t.ok(refuses(out.take()))
  t.throws(() => readCompact(Buffer.from([COMPACT, 0xff, 0xff, 0xff])), RangeError)
  t.ok(performance.now() - began < 200)
})
