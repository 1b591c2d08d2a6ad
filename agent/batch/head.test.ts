import fc from 'fast-check'
import { Packr } from 'msgpackr'
import t from 'tap'
import { emptyCounts, emptyTotals, growth, type InputCounts, inputNames } from '../ledger/accounting.ts'
import { rules } from '../triage/rules.ts'
import { readHead } from './head.ts'
import { columnNames, FIRST_COLUMNS, type Head } from './layout.ts'

const packr = new Packr({ useRecords: false })
const good: Head = {
  format: 1,
  rows: 3,
  messages: 4,
  base: 1_795_176_000,
  lengths: columnNames.map(() => 0),
  reasons: ['blocked-from-outside'],
  accounting: { 'udp.received': 4, 'udp.dropped.session-end': 1 },
}

t.test('every head that our writer can write is read as it was', async t => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,63}$/)
  const number = fc.oneof(fc.nat(), fc.maxSafeNat())
  const head = fc.record({
    format: fc.constant(1),
    rows: fc.nat(32_768),
    messages: number,
    base: fc.nat(253_402_300_799),
    lengths: fc.array(fc.nat(60), { minLength: FIRST_COLUMNS, maxLength: 64 }),
    reasons: fc.array(name, { maxLength: 256 }),
    accounting: fc.dictionary(name, number, { maxKeys: 300, noNullPrototype: true }),
  })
  const property = fc.property(head, value => {
    const packed = packr.pack(value)
    const read = readHead(Buffer.concat([packed, Buffer.alloc(60)]))
    return read.length === packed.length && JSON.stringify(read.head) === JSON.stringify(value)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})

t.test('every name that the agent can write is one that is read', async t => {
  const reasons = rules.map(rule => rule.name)
  const dropped = Object.fromEntries(reasons.map(name => [name, 1]))
  const lost = { kernel: 1, connections: 1, bytes: 1, deafMs: 1 }
  const counts: InputCounts = { ...emptyCounts(), received: 1, merged: 1, dropped, ignored: 1, unreadable: 1, shed: 1, lost }
  const accounting = growth(emptyTotals(), { udp: counts, tcp: counts, tls: counts, nflog: counts })
  t.ok(Object.keys(accounting).length > inputNames.length * reasons.length)
  t.match(readHead(packr.pack({ ...good, reasons, accounting })).head, { reasons, accounting })
})

const refused = (bytes: Uint8Array): boolean => {
  try {
    readHead(bytes)
    return false
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}

t.test('refuses names with anything that a terminal, a file or a program would understand', async t => {
  for (const name of ['\u001b[31mred', 'a\nb', 'a b', 'a\u0007', 'ä', '', 'A', '1a', '__proto__', '\u202ea', 'a'.repeat(65), 'a\u0000']) {
    t.ok(refused(packr.pack({ ...good, reasons: [name] })), `reason ${JSON.stringify(name)}`)
    t.ok(refused(packr.pack({ ...good, accounting: JSON.parse(`{${JSON.stringify(name)}:1}`) })), `count ${JSON.stringify(name)}`)
  }
  const { accounting } = readHead(packr.pack({ ...good, accounting: { constructor: 7 } })).head
  t.same(Object.entries(accounting), [['constructor', 7]], 'what is a name like any other stays one')
})

t.test('refuses other fields, other types, other orders and every number out of bounds', async t => {
  const { format, ...rest } = good
  const wrong: readonly unknown[] = [
    null,
    [],
    'text',
    rest,
    { ...good, more: 1 },
    { ...rest, format },
    { ...good, format: 2 },
    { ...good, rows: 32_769 },
    { ...good, rows: -1 },
    { ...good, rows: 1.5 },
    { ...good, rows: '3' },
    { ...good, messages: 2 ** 53 },
    { ...good, messages: Number.NaN },
    { ...good, messages: Number.POSITIVE_INFINITY },
    { ...good, messages: 5n },
    { ...good, base: 253_402_300_800 },
    { ...good, base: new Date() },
    { ...good, lengths: good.lengths.slice(0, FIRST_COLUMNS - 1) },
    { ...good, lengths: Array.from({ length: 65 }, () => 0) },
    { ...good, lengths: good.lengths.map(() => 2 ** 31) },
    { ...good, lengths: good.lengths.map(() => []) },
    { ...good, reasons: Array.from({ length: 257 }, () => 'a') },
    { ...good, reasons: [['a']] },
    { ...good, accounting: { a: -1 } },
    { ...good, accounting: { a: { b: 1 } } },
    { ...good, accounting: Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`a${i}`, 1])) },
    { ...good, accounting: [] },
  ]
  for (const value of wrong)
    t.ok(refused(packr.pack(value)), JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? `${one}` : one)).slice(0, 80))
  const twice = Buffer.from(packr.pack({ ...good, accounting: { aa: 1, ab: 1 } }))
  twice[twice.lastIndexOf('ab') + 1] = 0x61
  t.ok(refused(twice), 'a count that is stated twice')
})

t.test('refuses whatever bytes come: extensions, nesting and lengths without end among them', async t => {
  const head = Buffer.from(packr.pack(good))
  for (const bomb of [
    Buffer.alloc(60_000, 0x91),
    Buffer.alloc(60_000, Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61])),
    Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]),
    Buffer.concat([head.subarray(0, -1), Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])]),
  ])
    t.ok(refused(bomb))
  for (let length = 0; length < head.length; length++) if (!refused(head.subarray(0, length))) t.fail(`${length} bytes are a head`)
  const noise = fc.property(fc.nat(head.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }), (at, bytes) => {
    const bad = Buffer.from(head)
    bad.set(bytes.subarray(0, bad.length - at), at)
    refused(bad) // or other values of the same form; it throws if there was any error but a RangeError
  })
  t.doesNotThrow(() => fc.assert(noise, { numRuns: 2000 }))
})
