import { BIGINT, VARCHAR } from '@duckdb/node-api'
import t from 'tap'
import * as z from 'zod'
import type { WireEvent } from '../../agent/batch/unpack.ts'
import { eventColumns } from './schema.ts'
import { Store } from './store.ts'

const LATEST_MS = 253_402_300_799_999
const largest: WireEvent = {
  time: LATEST_MS,
  gateway: 0xffff,
  product: 'p'.repeat(64),
  action: 'other',
  source: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  sourcePort: 0xffff,
  destination: `in-${'f'.repeat(32)}`,
  destinationPort: 0xffff,
  protocol: 0xff,
  bytes: Number.MAX_SAFE_INTEGER,
  packets: Number.MAX_SAFE_INTEGER,
  count: 0xffffffff,
  firstSeen: LATEST_MS,
  lastSeen: LATEST_MS,
  rule: 0xffffffff,
  direction: 'external',
  reason: '日本 \ud800',
}
const nothing: WireEvent = {
  ...largest,
  source: null,
  sourcePort: null,
  destination: null,
  destinationPort: null,
  protocol: null,
  bytes: null,
  packets: null,
  rule: null,
}
const read = (event: WireEvent) => eventColumns.map(column => column.read(event))

t.test('the largest event fits, and so does one of which little is known', async t => {
  const store = await Store.open(t.testdir())
  const types = [VARCHAR, BIGINT, ...eventColumns.map(column => column.type)]
  const rows = [largest, nothing].map((event, i) => ['device', BigInt(i), ...read(event)])
  await store.transact(transaction => transaction.append('events', types, rows))
  const shape = z.object({
    gateway: z.number(),
    count: z.number(),
    bytes: z.bigint().nullable(),
    last_seen: z.date(),
    rule: z.number().nullable(),
  })
  const common = { gateway: 0xffff, count: 0xffffffff, last_seen: new Date(LATEST_MS) }
  t.same(await store.read(shape, 'SELECT gateway, count, bytes, last_seen, rule FROM events ORDER BY sequence'), [
    { ...common, bytes: BigInt(Number.MAX_SAFE_INTEGER), rule: 0xffffffff },
    { ...common, bytes: null, rule: null },
  ])
  await store.close()
})

t.test('an event beyond any bound is refused, not cut', async t => {
  const beyond: Partial<Record<keyof WireEvent, number | string>> = {
    time: LATEST_MS + 1,
    gateway: 0x10000,
    product: 'p'.repeat(65),
    source: 's'.repeat(65),
    sourcePort: 0x10000,
    destinationPort: -1,
    protocol: 256,
    bytes: 2 ** 53,
    packets: 1.5,
    count: 2 ** 32,
    lastSeen: Number.NaN,
    rule: 2 ** 32,
  }
  for (const [field, value] of Object.entries(beyond)) t.throws(() => read({ ...largest, [field]: value }), RangeError, field)
})
