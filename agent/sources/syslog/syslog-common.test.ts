import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Message } from '../../message.ts'
import { readCommonHeader } from './syslog-common.ts'
import { readAnyHeader } from './syslog-header.ts'

const common = new Message()
const any = new Message()

const said = (message: Message) => {
  const { bytes, hostStart, hostEnd, tagStart, tagEnd, ...rest } = message
  // a name that is not there stands nowhere
  return { ...rest, host: hostEnd > hostStart && [hostStart, hostEnd], tag: tagEnd > tagStart && [tagStart, tagEnd] }
}

/** Whether the line is one of the common ones; if so, both readers have to say the same. */
function agrees(line: string, before = '', after = ''): boolean {
  const bytes = Buffer.from(before + line + after, 'latin1')
  const [start, end] = [before.length, before.length + line.length]
  if (!readCommonHeader(common, bytes, start, end)) return false
  readAnyHeader(any, bytes, start, end)
  assert.deepEqual(said(common), said(any), JSON.stringify(line))
  return true
}

const text = '%ASA-4-106023: Deny tcp src outside:203.0.113.66/55011'
const commonLines = [
  '<189>date=2026-11-20 time=12:00:01 devname="FG"',
  '<134>id=firewall sn=0017C5000001 time="2026-11-20"',
  `<164>${text}`,
  `<164>Nov 20 12:00:01 edge-asa : ${text}`,
  `<164>Nov 20 2026 12:00:01 edge-asa : ${text}`,
  `<164>Nov 20 2026 12:00:01: ${text}`,
  `<164>Nov 20 12:00:01: ${text}`,
  `<164>Nov  3 12:00:01 192.0.2.1 ${text}`,
  '<14>Nov 20 12:00:01 pa-edge 1,2026/11/20 12:00:01,001234567890,TRAFFIC,drop',
  '<134>Nov 20 12:00:01 filterlog[61234]: 4,,,1000000103,igb0,match,block',
  '<134>Nov 20 12:00:01 fw1.example.org filterlog[61234]: 4,,,1000000103,igb0',
  '<4>Nov 20 12:00:01 gw kernel: [32800.864] [DROP]IN=eth0 OUT= MAC=',
  '<38>Nov 20 12:00:01 bastion sshd[4711]: Failed password for root from 203.0.113.9',
  '<4>Feb 29 23:59:60 gw kernel: IN=eth0 OUT= MAC= SRC=203.0.113.9',
]

t.test('reads the common headers as the general reader does', async t => {
  for (const line of commonLines) t.ok(agrees(line), line)
})

t.test('leaves to the general reader what may be something else', async t => {
  for (const line of [
    '<14>Nov 20 12:00:01 gmt fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01 2026 fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01 +0100 fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01.123 fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01 Deny tcp src outside:203.0.113.66/55011',
    '<14>Nov 20 12:00:01 relay Nov 20 12:00:01 fw kernel: IN=eth0 OUT=',
    '<14>Nov 20 12:00:01 relay <14>Nov 20 12:00:01 fw kernel: IN=eth0',
    '<14>Nov 20 12:00:01 fw edge: Nov 20 12:00:01: %ASA-4-106023: Deny',
    '<14>Nov 20 12:00:01 GMT+1 fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01 UTC-0300 fw kernel: IN=eth0 OUT= MAC= SRC=',
    '<14>Nov 20 12:00:01 Original Address=192.0.2.50 fw edge: text',
    '<14>Nov 20 12:00:01 Message forwarded from fw: sshd[7]: text',
    '<14>Nov 20 12:00:01 relay LOGSTASH[-]: <14>Nov 20 12:00:01 fw x: y',
    '<14>Nov 20 12:00:01 relay graylog: <14>Nov 20 12:00:01 fw x: y',
    '<14>Nov 20 12:00:01 relay graylog: filterlog[9]: 4,,,1000000103',
    '<14>Nov 20 12:00:01 relay relay[312]: sshd[9]: Failed password',
    '<14>Nov 20 12:00:01 fw info CROND[6551]: (root) CMD (something)',
    '<14>Nov 20 24:00:01 edge-asa : %ASA-4-106023: Deny tcp src',
    '<14>Nov 32 12:00:01 edge-asa : %ASA-4-106023: Deny tcp src',
    '<192>date=2026-11-20 time=12:00:01 devname="FG"',
    '<>date=2026-11-20 time=12:00:01 devname="FG"',
    '<14>1 2026-11-20T12:00:01Z fw.example.org app 7 - - text',
  ])
    t.notOk(agrees(line), line)
})

const bits = [
  ' ',
  '  ',
  ':',
  ': ',
  ',',
  '=',
  '"',
  '[',
  ']',
  '<',
  '>',
  '%',
  '+',
  '-',
  '.',
  '*',
  '\0',
  '\n',
  '\xef\xbb\xbf',
  '\xff',
  '0',
  '7',
  '23',
]
const words = [
  'a',
  'gw ',
  'est ',
  'z',
  '2026 ',
  '1969 ',
  'Nov 20 12:00:01 ',
  'Nov 20 2026 12:00:01: ',
  'deny',
  'ASA-4-106023:',
  'x: ',
  'x[1]: ',
  '<14>',
  'GMT+1 ',
  'UTC-03',
  'Original Address=192.0.2.50 ',
  'Message forwarded from fw1: ',
  'local4.warning: ',
]
const change = fc.record({
  at: fc.nat(70),
  remove: fc.nat(3),
  put: fc.oneof(
    fc.constantFrom(...bits, ...words),
    fc.integer({ min: 0, max: 255 }).map(byte => String.fromCharCode(byte)),
  ),
})

t.test('agrees with the general reader on whatever becomes of a common header', async t => {
  let taken = 0
  const judge = (line: string, changes: { at: number; remove: number; put: string }[], length: number, after: string) => {
    for (const { at, remove, put } of changes) line = line.slice(0, at) + put + line.slice(at + remove)
    if (agrees(line.slice(0, length).replace(/[\n\r\0]+$/, ''), 'before ', after)) taken++
  }
  const run = fc.property(
    fc.constantFrom(...commonLines),
    fc.array(change, { maxLength: 3 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant(500) }, fc.nat(80)),
    fc.constantFrom('', ' behind', '=', ': %ASA', '[1]: '),
    judge,
  )
  t.doesNotThrow(() => fc.assert(run, { numRuns: 20_000 }))
  t.ok(taken > 2000, `${taken} of them were common headers still`)
})

t.test('keeps no day that is not the one that it reads', async t => {
  const day = fc.record({
    month: fc.constantFrom('Jan', 'Feb', 'Dec', 'nov', 'Xxx'),
    day: fc.nat(39),
    year: fc.constantFrom('', '1971 ', '2024 ', '2026 ', '2199 '),
  })
  const days = fc.array(day, { minLength: 2, maxLength: 6 })
  const line = (one: { month: string; day: number; year: string }) =>
    `<164>${one.month} ${String(one.day).padStart(2)} ${one.year}12:00:01 edge-asa : ${text}`
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(days, list => list.every(one => agrees(line(one)) || true)),
      { numRuns: 2000 },
    ),
  )
})
