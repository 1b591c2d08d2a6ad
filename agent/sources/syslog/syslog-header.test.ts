import t from 'tap'
import { Clock } from '../../event.ts'
import { Message } from '../../message.ts'
import { readHeader } from './syslog-header.ts'
import { exact, inYear, message, november, read, reads } from './test-headers.ts'

t.test('reads RFC 5424', async test => {
  reads(test, [
    [
      '<134>1 2026-11-20T13:00:01.123456+01:00 fw.example.org filterlog 49670 - - ',
      '5,,,1000000103,em0,match,block,in,4',
      { priority: 134, time: '2026-11-20T12:00:01.123Z', host: 'fw.example.org', tag: 'filterlog' },
    ],
    [
      '<14>1 2026-11-20T12:00:01Z fw.example.org - - - -  ',
      '1,2026/11/20 12:00:00,0123,TRAFFIC',
      { priority: 14, time: exact, host: 'fw.example.org' },
    ],
    ['<14>1 - - - - - - ', 'text', { priority: 14 }],
    ['<13>1 2026-11-20T12:00:01Z gw serverd - - - \u{feff}', 'id=firewall', { priority: 13, time: exact, host: 'gw', tag: 'serverd' }],
    ['<14>1 2026-11-20T12:00:01Z gw VPN: - - - ', 'text', { priority: 14, time: exact, host: 'gw', tag: 'VPN' }],
    ['1 2026-11-20T12:00:01Z gw app 7 - - ', 'text', { time: exact, host: 'gw', tag: 'app' }],
  ])
})

t.test('takes structured data for header where text follows, and for text where none does', async test => {
  const said = { priority: 38, time: exact, host: 'gw', tag: 'app' }
  reads(test, [
    ['<38>1 2026-11-20T12:00:01Z gw app 1 - [meta sequenceId="1"] ', 'Invalid user', said],
    ['<38>1 2026-11-20T12:00:01Z gw app 1 - [a@32473 x="]\\"]["][b@32473 y=""] ', '[text', said],
    ['<38>1 2026-11-20T12:00:01Z gw app - ', 'EVENT_DENY [a@32473 source="192.0.2.1"]', said],
    ['<38>1 2026-11-20T12:00:01Z gw app 7 - ', '[action:"Drop"; src:"192.0.2.1"; ]', said],
    ['<38>1 2026-11-20T12:00:01Z gw app 7 - ', '[a@32473 never="closed', said],
  ])
})

t.test('keeps as text what only looks like RFC 5424', async test => {
  reads(test, [
    ['<134>1 1795176001.991234567 MX84 ', 'flows allow src=192.0.2.1', { priority: 134, time: '2026-11-20T12:00:01.991Z', host: 'MX84' }],
    ['<14>1 2026-11-20T12:00:01Z gw ', 'LEEF:2.0|Vendor|Product|1|id|^|src=192.0.2.1', { priority: 14, time: exact, host: 'gw' }],
    ['<14>1 2026-11-20T12:00:01Z gw ', 'two words', { priority: 14, time: exact, host: 'gw' }],
    ['<14>1 2026-11-20T12:00:01Z gw ', 'a b c d e', { priority: 14, time: exact, host: 'gw' }],
    ['<14>', '1 and more', { priority: 14 }],
  ])
})

t.test('reads RFC 3164', async test => {
  reads(test, [
    ['<86>Nov 20 12:00:01 gw sshd[1234]: ', 'Failed password', { priority: 86, time: november, host: 'gw', tag: 'sshd' }],
    ['Nov 20 12:00:01 gw kernel: ', '[1234.567] DROP IN=eth0', { time: november, host: 'gw', tag: 'kernel' }],
    ['<134>Nov 20 12:00:01 filterlog[1]: ', '5,,,1000000103,em0', { priority: 134, time: november, tag: 'filterlog' }],
    ['<14>Nov 20 12:00:01 PA-220 ', '1,2026/11/20 12:00:01,0123,TRAFFIC', { priority: 14, time: november, host: 'PA-220' }],
    ['<14>Nov 20 12:00:01 ', '1,2026/11/20 12:00:01,0123,TRAFFIC', { priority: 14, time: november }],
    ['<5> Nov 20 12:00:01 2001:db8::7 su: ', 'text', { priority: 5, time: november, host: '2001:db8::7', tag: 'su' }],
    ['<5>Nov 20 12:00:01 [192.0.2.1] Feed: ', 'text', { priority: 5, time: november, host: '192.0.2.1', tag: 'Feed' }],
    ['<5>Nov 20 12:00:01 gw info cron[2]: ', 'text', { priority: 5, time: november, host: 'gw', tag: 'cron' }],
    ['<6>kernel: ', '[1234.567] DROP IN=eth0', { priority: 6, tag: 'kernel' }],
    ['<14.2>Nov 20 2026 12:00:01 edit.cgi: ', 'text', { priority: 14, time: inYear, tag: 'edit.cgi' }],
    ['gw sshd[1]: ', 'Failed password', { host: 'gw', tag: 'sshd' }],
  ])
})

t.test('does not take the beginning of a host for a time zone', async test => {
  for (const host of ['gmt-fw1', 'est.example.org', 'met1', 'z1', 'utc_gw', 'cetus'])
    reads(test, [
      [`<4>Nov 20 12:00:01 ${host} kernel: `, 'text', { priority: 4, time: november, host, tag: 'kernel' }],
      [`<4>Nov 20 2026 12:00:01 ${host} : `, '%ASA-4-106023: text', { priority: 4, time: inYear, host }],
    ])
  reads(test, [['<4>Nov 20 12:00:01 UTC gw kernel: ', 'text', { priority: 4, time: `${november}Z`, host: 'gw', tag: 'kernel' }]])
})

t.test('reads an ISO time before host and tag', async test => {
  reads(test, [
    ['2026-11-20T13:00:01+01:00 gw kernel: ', 'DROP: IN=eth0', { time: exact, host: 'gw', tag: 'kernel' }],
    ['<134>2026-11-20T12:00:01Z gw ', 'CEF:0|Vendor|Product|1|2|name|3|src=192.0.2.1', { priority: 134, time: exact, host: 'gw' }],
    ['<129>2026-11-20 13:00:01.000 +0100  waf ', 'NF ALER TCP', { priority: 129, time: exact, host: 'waf' }],
    ['2026-11-20 12:00:01 gw sshd[7]: ', 'Failed', { time: inYear, host: 'gw', tag: 'sshd' }],
    ['2026-11-20 12:00:01 ', 'Connection refused from 192.0.2.1', { time: inYear }],
    ['2026-11-20T12:00:01+00:00Z gw ', 'x=1', { time: exact, host: 'gw' }],
    ['', '2026-11-20T12:00:01,192.0.2.1,443', {}],
  ])
})

t.test('reads what Cisco sends', async test => {
  const asa = '%ASA-4-106023: Deny tcp src outside:192.0.2.1/7'
  reads(test, [
    ['<166>Nov 20 2026 12:00:01: ', asa, { priority: 166, time: inYear }],
    ['<164>Nov 20 12:00:01 edge-asa : ', asa, { priority: 164, time: november, host: 'edge-asa' }],
    ['<164>Nov 20 2026 12:00:01 edge-asa: ', asa, { priority: 164, time: inYear, host: 'edge-asa' }],
    ['<164>2026-11-20T12:00:01Z edge-asa : ', asa, { priority: 164, time: exact, host: 'edge-asa' }],
    ['<164>', asa, { priority: 164 }],
    ['<163>: ', asa, { priority: 163 }],
    ['', asa, {}],
    ['<166>', 'edge-asa %FTD-6-113005: text', { priority: 166 }],
    ['<189>123: core: *Nov 20 12:00:01.500: ', '%SEC-6-IPACCESSLOGP: list 1', { priority: 189, time: '11-20T12:00:01.500', host: 'core' }],
    ['<189>123: 000456: Nov 20 2026 12:00:01 UTC: ', '%SYS-5-CONFIG_I: text', { priority: 189, time: exact }],
    ['<187>192.0.2.9: 2026 Nov 20 12:00:01 UTC: ', 'last message repeated', { priority: 187, time: exact, host: '192.0.2.9' }],
    ['<187>: 2024 Feb 29 12:00:01 CET: ', '%X-3-Y: text', { priority: 187, time: '2024-02-29T11:00:01.000Z' }],
    ['', 'ASA-2-106006: Deny inbound UDP', {}],
    ['<189>', '45: 1w2d: %LINK-3-UPDOWN: text', { priority: 189 }],
  ])
})

t.test('leaves the text of products without a header alone', async test => {
  for (const body of [
    'date=2026-11-20 time=12:00:01 devname="fw"',
    'devname=fw',
    'device="SFW" date=2026-11-20',
    'id=firewall sn=00 time="2026-11-20 12:00:01"',
    'CEF:0|Vendor|Product|1|2|name|3|src=192.0.2.1',
    'CEF: 0|Vendor',
    'LEEF:1.0|Vendor|Product|1|id|src=192.0.2.1',
    '1,2026/01/27 12:00:01,0123,TRAFFIC',
    '{"timestamp":"2026-11-20T12:00:01Z"}',
    '[FILTER][Drop][LAN->WAN] x: y',
    'Deny: tcp 192.0.2.1',
    'firewall,info drop: in:ether1',
    'DROP IN=eth0 OUT=',
    'dropped: IN=eth0 OUT=',
    'msg_id="3000-0148" Deny 1-Trusted',
  ]) {
    reads(test, [
      ['', body, {}],
      ['<189>', body, { priority: 189 }],
      ['<189>Nov 20 12:00:01 gw ', body, { priority: 189, time: november, host: 'gw' }],
      ['<189>1 2026-11-20T12:00:01Z gw - - - - ', body, { priority: 189, time: exact, host: 'gw' }],
    ])
  }
})

t.test('never takes a verdict for a host, and takes hosts that begin like one', async test => {
  reads(test, [
    ['2026-11-20 12:00:01 ', 'Deny 192.0.2.1 198.51.100.2 http/tcp', { time: inYear }],
    ['<4>Nov 20 12:00:01 ', 'Blocked TCP 192.0.2.1', { priority: 4, time: november }],
    ['Nov 20 12:00:01 dropbox dropbear[1]: ', 'Bad password', { time: november, host: 'dropbox', tag: 'dropbear' }],
    ['Nov 20 12:00:01 passau ', 'x=1', { time: november, host: 'passau' }],
  ])
})

t.test('passes over the header of a relay and prefers the time of the device', async test => {
  const relay = '<13>Oct  1 00:00:00 relay '
  reads(test, [
    [`${relay}<189>`, 'date=2026-11-20', { priority: 189, time: '10-01T00:00:00.000', host: 'relay' }],
    [`${relay}<14>1 2026-11-20T12:00:01Z gw app - - - `, 'text', { priority: 14, time: exact, host: 'gw', tag: 'app' }],
    [`${relay}2206 <14>1 2026-11-20T12:00:01Z gw app - - - `, 'text', { priority: 14, time: exact, host: 'gw', tag: 'app' }],
    [`${relay}Nov 20 12:00:01 gw `, '1,2026/11/20', { priority: 13, time: november, host: 'gw' }],
    [`${relay}77: Nov 20 12:00:01.000: `, '%SEC-6-X: list', { priority: 13, time: november, host: 'relay' }],
    [`${relay}1795176001.5 MX `, 'flows src=192.0.2.1', { priority: 13, time: '2026-11-20T12:00:01.500Z', host: 'MX' }],
    [
      '<13>1 2026-10-01T00:00:00Z relay fwd - - - <164>Nov 20 12:00:01 gw : ',
      '%ASA-4-106023: x',
      { priority: 164, time: november, host: 'gw', tag: 'fwd' },
    ],
  ])
})

t.test('reads past two headers and no more', async test => {
  test.equal(read('<1>Nov 20 12:00:01 a <2>Nov 20 12:00:01 b <3>Nov 20 12:00:01 c text').body, '<3>Nov 20 12:00:01 c text')
})

t.test('leaves times and names inside the text alone', async test => {
  reads(test, [
    ['Nov 20 12:00:01 gw firewalld: ', '2026-10-01 10:00:00 ERROR: failed', { time: november, host: 'gw', tag: 'firewalld' }],
    ['<4>Nov 20 12:00:01 gw proc[1]: ', '<124198> <4130> text', { priority: 4, time: november, host: 'gw', tag: 'proc' }],
    ['Nov 20 12:00:01 gw snort: ', '[1:1000017:0] UDP', { time: november, host: 'gw', tag: 'snort' }],
  ])
})

t.test('drops a stray octet count, and what surrounds a message', async test => {
  reads(test, [
    ['716 <14>1 2026-11-20T12:00:01Z gw - - - - ', 'text', { priority: 14, time: exact, host: 'gw' }],
    ['\u{feff} \0<189>', 'date=2026-11-20', { priority: 189 }],
  ])
  test.equal(read('<189>date=2026-11-20\r\n\0').body, 'date=2026-11-20')
})

t.test('does not take a number for a PRI that cannot be one', async test => {
  for (const line of ['<192>text', '<>text', '<12', '<1x>text', '<00000014>text', '<-1>text'])
    test.same([read(line).priority, read(line).body], [-1, line])
  test.equal(read('<191>text').priority, 191)
})

t.test('reads the same time twice, and another after it', async test => {
  const at = (line: string) => read(line).time
  test.equal(at('<4>Nov 20 12:00:01 gateway one'), november)
  test.equal(at('<4>Nov 20 12:00:01 gateway two'), november)
  test.equal(at('<4>Nov 20 12:00:02 gateway two'), '11-20T12:00:02.000')
  test.equal(at('<4>Nov 20 12:00:02 CET gateway'), '11-20T11:00:02.000Z')
  test.equal(at('<4>Nov 20 12:00:02 2026 gateway text'), '2026-11-20T12:00:02.000')
})

t.test('keeps nothing of the message before', async test => {
  read('<86>Nov 20 12:00:01 gw sshd[1234]: Failed password')
  test.same(read('x'), { priority: -1, time: null, host: '', tag: '', body: 'x' })
  test.same(read(''), { priority: -1, time: null, host: '', tag: '', body: '' })
  test.equal(message.clock, Clock.absent)
})

const seeds = [
  '<134>1 2026-11-20T13:00:01.123456+01:00 fw.example.org filterlog 49670 - [meta a="\\"]"] 5,,,1000000103',
  '716 <14>1 1795176001.991234567 MX84 flows',
  '<13>Oct  1 00:00:00 relay 2206 <14>1 2026-11-20T12:00:01Z gw app - - - text',
  '<189>123: core: *Nov 20 12:00:01.500 CEST: %SEC-6-IPACCESSLOGP: list 1',
  '<187>: 2026 Nov 20 12:00:01 UTC: x',
  'Nov 20 12:00:01 2001:db8::7 info sshd[1234]: Failed password',
]

t.test('survives bytes of every kind at every place, and reads nothing outside its own', async test => {
  let state = 1
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const special = Buffer.from('<>[]:=. -+%0123456789\0\n\r\t"\\TZabcNov\u{feff}\u{fffd}')
  const alone = new Message()
  const inside = new Message()
  const shown = (m: Message, base: number) =>
    [m.start, m.end, m.body, m.hostStart, m.hostEnd, m.tagStart, m.tagEnd].map(offset => offset - base).concat(m.priority, m.time, m.clock)
  for (let round = 0; round < 20_000; round++) {
    const seed = Buffer.from(seeds[random(seeds.length)])
    for (let change = random(5); change > 0; change--)
      seed[random(seed.length)] = random(2) === 0 ? random(256) : special[random(special.length)]
    const line = seed.subarray(0, random(seed.length + 1))
    readHeader(alone, line.slice(), 0, line.length)
    const before = seeds[random(seeds.length)]
    const around = Buffer.concat([Buffer.from(before), line, Buffer.from(seeds[random(seeds.length)])])
    readHeader(inside, around, before.length, before.length + line.length)
    const numbers = shown(alone, 0)
    if (JSON.stringify(numbers) !== JSON.stringify(shown(inside, before.length)))
      test.same(shown(inside, before.length), numbers, line.toString('latin1'))
    const [start, end, body, hostStart, hostEnd, tagStart, tagEnd, priority, time] = numbers
    const inOrder = start <= body && body <= end && hostStart <= hostEnd && hostEnd <= end && tagStart <= tagEnd && tagEnd <= end
    if (!inOrder || start < 0 || hostStart < start || tagStart < start || priority > 191 || !Number.isSafeInteger(time))
      test.fail(line.toString('latin1'))
  }
  test.pass('20,000 lines')
})

t.test('takes time in proportion to length: a line of brackets, blanks or digits is not a trap', async test => {
  for (const filling of ['[', '[[', ' ', '1', '1 ', '<1>', ': ', 'a: ', '"', '\\"', '][', '\u{feff}', 'Nov ', '[a="']) {
    const bytes = Buffer.from(`<14>1 2026-11-20T12:00:01Z gw app - - [x a="${filling.repeat(65536 / filling.length)}`)
    const from = process.hrtime.bigint()
    readHeader(message, bytes, 0, bytes.length)
    readHeader(message, bytes, 44, bytes.length)
    test.ok(process.hrtime.bigint() - from < 50_000_000n, filling)
  }
})
