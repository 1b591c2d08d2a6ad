import t from 'tap'
import { Action, EventRecord, toEcs } from '../../event.ts'
import { bothWays, ConnectionReader } from './connection.ts'
import type { PairsFormat } from './pairs.ts'
import { Span } from './span.ts'
import { NO_WORD, Words } from './words.ts'

const action = new Span()
const note = new Span()
const keys = {
  date: 'date',
  time: 'time',
  tz: 'zone',
  at: 'timestamp',
  epoch: 'epoch',
  src: 'source.ip',
  spt: 'source.port',
  dst: 'destination.ip',
  dpt: 'destination.port',
  from: 'source',
  to: 'destination',
  proto: 'protocol',
  len: 'bytes',
  n: 'packets',
  sent: 'bytes.sent',
  rcvd: 'bytes.received',
  spkt: 'packets.sent',
  rpkt: 'packets.received',
  rule: 'rule',
  sid: 'signature',
  count: 'count',
  act: action,
  note,
  remark: note,
} as const
const readers = new Map<string, ConnectionReader>()

function read(text: string, format: PairsFormat = {}) {
  const reader = readers.get(JSON.stringify(format)) ?? new ConnectionReader(keys, format)
  readers.set(JSON.stringify(format), reader)
  const bytes = Buffer.from(`src=203.0.113.250 ${text} dst=203.0.113.250 act="x"`)
  const event = new EventRecord()
  reader.read(bytes, 18, 18 + Buffer.byteLength(text), event)
  const { 'event.action': _, ...fields } = toEcs(event)
  return { fields, reader, text: (span: Span) => bytes.toString('utf8', span.start, span.end) }
}

t.test('puts each key into its field of the event', async t => {
  t.same(read('src=192.0.2.1 spt=51234 dst=2001:db8::1 dpt=443 proto=tcp rule=12 count=3 len=60 n=1').fields, {
    'source.ip': '192.0.2.1',
    'source.port': 51234,
    'destination.ip': '2001:db8::1',
    'destination.port': 443,
    'network.transport': 'tcp',
    'network.bytes': 60,
    'network.packets': 1,
    'rule.id': '12',
    'event.count': 3,
  })
  t.same(read('from=192.0.2.1:51234 to=[2001:db8::1]:443:X1 proto=tcp/https').fields, {
    'source.ip': '192.0.2.1',
    'source.port': 51234,
    'destination.ip': '2001:db8::1',
    'destination.port': 443,
    'network.transport': 'tcp',
  })
  t.same(read('', {}).fields, {})
})

t.test('adds both ways, and says nothing rather than something wrong', async t => {
  t.same([bothWays(1, 2), bothWays(-1, 2), bothWays(1, -1), bothWays(-1, -1)], [3, 2, 1, -1])
  t.equal(bothWays(Number.MAX_SAFE_INTEGER, 1), -1)
  t.same(read('sent=40 rcvd=2 spkt=3').fields, { 'network.bytes': 42, 'network.packets': 3 })
  t.same(read('len=7 sent=40 rcvd=2').fields, { 'network.bytes': 7 }, 'what the device added up itself counts')
})

t.test('knows every form of time, and takes the most exact one', async t => {
  const timeOf = (text: string) => read(text).fields['@timestamp']
  const noon = '2026-11-20T12:00:01.000Z'
  for (const text of [
    'date=2026-11-20 time=12:00:01',
    'date=2026/11/20 time="13:00:01" tz="+0100"',
    'at="2026-11-20 12:00:01"',
    'at=2026-11-20T07:00:01-05:00',
    'epoch=1795176001',
    'epoch=1795176001000',
    'epoch=1795176001000000',
    'epoch=1795176001000000999',
    'date=2026-11-20 time=14:00:01 epoch=1795176001 at=2026-11-20T15:00:01Z',
    'date=2026-11-20 time=13:00:01 tz=+0100 epoch=1795170000',
    'date=2026-11-20 time=12:00:01 at=2026-11-20T15:00:01Z',
    'date=2026-11-20 epoch=12 at=2026-11-20T12:00:01Z',
  ])
    t.equal(timeOf(text), noon, text)
  for (const text of ['date=2026-11-20', 'time=12:00:01', 'epoch=now', 'at=yesterday']) t.equal(timeOf(text), undefined, text)
})

t.test('of what is stated twice the first readable value counts', async t => {
  const twice =
    'from=:7:X1 from=192.0.2.1:8 dst=host dst=192.0.2.2 dst=192.0.2.9 dpt=x dpt=22 dpt=23 proto= proto=6 proto=17 rule=a rule=1 rule=2'
  t.same(read(twice).fields, {
    'source.ip': '192.0.2.1',
    'source.port': 7,
    'destination.ip': '192.0.2.2',
    'destination.port': 22,
    'network.transport': 'tcp',
    'rule.id': '1',
  })
  const notes = read('note= note=first remark=second')
  t.equal(notes.text(note), 'first')
})

t.test('keeps nothing of the message before', async t => {
  t.match(read('act=drop note=x sid=7 src=host').reader, { signature: 7, hasEnd: true })
  const { reader, text } = read('rule=1')
  t.match(reader, { signature: -1, hasEnd: false })
  t.same([text(action), text(note)], ['', ''])
})

t.test('leaves out what ICMP has in the place of ports', async t => {
  t.same(read('from=192.0.2.1:8 to=192.0.2.2:0 proto=icmp').fields, {
    'source.ip': '192.0.2.1',
    'destination.ip': '192.0.2.2',
    'network.transport': 'icmp',
  })
})

t.test('reads other separators and signs, and hands out what only the product understands', async t => {
  const actions = Words.of([Action.drop, 'drop', 'silent drop'], [Action.allow, 'pass'])
  const bytes = (text: string) => Buffer.from(text)
  t.match(read('act:"Silent Drop"; src:"192.0.2.1"; dst:"192.0.2.2"', { separator: ';', assign: ':' }).fields, { 'source.ip': '192.0.2.1' })
  t.match(read('src=192.0.2.1|act=drop|dst=192.0.2.2', { separator: '|' }).fields, { 'destination.ip': '192.0.2.2' })
  const commas = new ConnectionReader({ act: action, src: 'source.ip' }, { separator: ',' })
  const event = new EventRecord()
  const message = bytes('act=silent drop,src=192.0.2.1')
  commas.read(message, 0, message.length, event)
  t.equal(actions.findIn(message, action), Action.drop)
  t.equal(actions.findIn(message, new Span()), NO_WORD)
})
