import fc from 'fast-check'
import t from 'tap'
import { asksIn } from './asks.ts'
import { levels } from './level.ts'
import { asRange } from './read.ts'
import { decodeReport, encodeReport, GATEWAYS_MAX, type HealthReport, REPORT_MAX_BYTES, slots } from './wire.ts'
import { checkNames, checkWords, wordsOf } from './words.ts'

const checks = checkNames
  .map(name => ({ number: checkWords[name].number, level: 'ok' as const, value: 7 }))
  .sort((a, b) => a.number - b.number)
const gateway = { number: 3, level: 'warn' as const, silentSeconds: 7200, perMinute: 12, readPerMille: 990 }
const report: HealthReport = {
  at: Date.parse('2026-11-30T12:00:00Z'),
  release: 57,
  system: 12,
  slot: 'a',
  upSeconds: 3600,
  machineUpSeconds: 86_400,
  deafSeconds: 2,
  lost: 5,
  gatewayCount: 1,
  checks,
  gateways: [gateway],
}

t.test('what is written is read, and has 250 to 900 bytes whatever the box has', async t => {
  t.same(decodeReport(encodeReport(report)), report)
  t.ok(encodeReport(report).length >= 250, `${encodeReport(report).length} bytes`)
  const many = Array.from({ length: 1000 }, (_, i) => ({ ...gateway, number: i + 1 }))
  const full = encodeReport({ ...report, gateways: many, gatewayCount: 1000 })
  t.ok(full.length <= REPORT_MAX_BYTES, `${full.length} bytes`)
  const read = decodeReport(full)
  t.ok(read.gateways.length > 60 && read.gateways.length <= GATEWAYS_MAX)
  t.equal(read.gatewayCount, 1000)
})

t.test('numbers that are too large are the largest, and those that are not there stay away', async t => {
  const huge = 2 ** 60
  const read = decodeReport(
    encodeReport({
      ...report,
      upSeconds: huge,
      lost: huge,
      checks: [
        { number: 1, level: 'bad', value: huge },
        { number: 255, level: 'unknown', value: undefined },
      ],
      gateways: [{ ...gateway, silentSeconds: huge, perMinute: huge, readPerMille: undefined }],
    }),
  )
  t.match(read, { upSeconds: 0xffffffff, lost: 2 ** 48 - 1 })
  t.same(read.checks, [
    { number: 1, level: 'bad', value: 0x3ffffffe },
    { number: 255, level: 'unknown', value: undefined },
  ])
  t.match(read.gateways[0], { silentSeconds: 0xffffff, perMinute: 0xffffff, readPerMille: undefined })
})

t.test('a newer release may have a longer head and further checks', async t => {
  const bytes = encodeReport(report)
  const longer = Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(8, 0xaa), bytes.subarray(40)])
  longer[1] = 48
  t.same(decodeReport(longer), report)
  t.match(wordsOf(200, 'bad', 3), { text: /check of a newer release \(number 200\) says bad, with the value 3/, advice: /./ })
})

t.test('refuses what no box writes, with a RangeError and nothing else', async t => {
  const good = encodeReport(report)
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(good)
    bytes[at] = value
    return bytes
  }
  const bad = [
    Buffer.alloc(0),
    good.subarray(0, 39),
    good.subarray(0, good.length - 1),
    Buffer.concat([good, Buffer.alloc(1)]),
    changed(0, 2),
    changed(1, 39),
    changed(1, 101),
    changed(2, checks.length + 1),
    changed(3, 65),
    changed(4, 0xff),
    changed(18, slots.length),
    changed(19, 1),
    changed(40, 0),
    changed(45, checks[0].number),
    Buffer.alloc(5000, 1),
  ]
  for (const bytes of bad) t.throws(() => decodeReport(bytes), RangeError)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const read = asRange(() => decodeReport(Buffer.from(bytes)))
      return read === undefined || read.checks.every(({ level }) => levels.includes(level))
    }),
  )
  t.throws(() =>
    asRange(() => {
      throw new TypeError('something else')
    }),
  )
})

t.test('central asks for what is on the list, and for nothing else', async t => {
  const ask = { id: 1, what: 'diagnostics', until: 1_800_000_000 }
  t.same(asksIn({ asks: [ask] }), [ask])
  const others = [
    undefined,
    {},
    { asks: [ask], more: 1 },
    { asks: [{ ...ask, what: 'sh -c reboot' }] },
    { asks: [{ ...ask, command: 'x' }] },
  ]
  for (const answer of [...others, { asks: Array.from({ length: 9 }, () => ask) }, { asks: [{ ...ask, id: -1 }] }])
    t.same(asksIn(answer), [])
})
