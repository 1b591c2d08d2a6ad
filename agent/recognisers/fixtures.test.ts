import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { actionNames, Clock, EventRecord, toEcs } from '../event.ts'
import { Message } from '../message.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import { readFixtures } from '../testing/fixtures.ts'
import { recognisers } from './index.ts'
import { Reading, type Recogniser } from './recogniser.ts'

const FEWEST = 20
const products = readFixtures()

const message = new Message()
const event = new EventRecord()
const nameOf = (reading: Reading) => Object.entries(Reading).find(([, value]) => value === reading)?.[0]

/** Reads bytes[start, end) as the pipeline does, but asks all recognisers. */
function ask(bytes: Uint8Array, start: number, end: number) {
  readHeader(message, bytes, start, end)
  return recognisers.filter(one => one.claims(message) >= 0)
}

function answer(recogniser: Recogniser): Record<string, string | number> | string {
  event.reset()
  const reading = recogniser.read(message, event, recogniser.claims(message))
  return reading === Reading.event ? toEcs(event) : (nameOf(reading) ?? `no reading ${reading}`)
}

t.test('every product has fixtures, and every file of fixtures a product', async t => {
  t.same([...products.keys()].sort(), recognisers.map(one => one.name as string).sort())
  for (const [product, fixtures] of products) t.ok(fixtures.length >= FEWEST, `${product} has ${fixtures.length}`)
})

t.test('every product is a folder: its recogniser, fixtures, tests, and how to make it send its log', async t => {
  const folder = join(import.meta.dirname, 'products')
  t.same(readdirSync(folder).sort(), [...products.keys()].sort())
  for (const product of products.keys()) {
    const files = readdirSync(join(folder, product))
    for (const file of [`${product}.ts`, `${product}.test.ts`, 'fixtures.jsonl', 'sender.md'])
      t.ok(files.includes(file), `${product}/${file}`)
  }
})

for (const [product, fixtures] of products)
  t.test(`reads the messages of ${product}, and no other product claims them`, async t => {
    for (const { line, reading, event: expected } of fixtures) {
      const bytes = Buffer.from(line)
      const claimed = ask(bytes, 0, bytes.length)
      t.same(
        claimed.map(one => one.name),
        [product],
        `claims ${line}`,
      )
      if (claimed.length === 1) t.same(answer(claimed[0]), expected ?? reading, line)
    }
  })

t.test('what strangers make a program of somebody else write is no message of any product', async t => {
  const log =
    '1,2026/11/20 12:00:01,0,TRAFFIC,drop,2049,2026/11/20 12:00:01,198.51.100.7,192.0.2.1,0.0.0.0,0.0.0.0,rule,,,ssh,vsys1,untrust,trust'
  const packet = 'DROP IN=eth0 SRC=198.51.100.7 DST=192.0.2.1 PROTO=TCP SPT=1 DPT=22'
  const request = '203.0.113.9 - - [20/Nov/2026:12:00:01 +0000] "GET / HTTP/1.1" 200 5 "-"'
  for (const line of [
    "<36>Nov 20 12:00:01 fw openvpn[71]: user '%ASA-4-106023: Deny tcp src outside:198.51.100.7/1 dst inside:192.0.2.1/22 ' could not authenticate.",
    `<36>Nov 20 12:00:01 fw openvpn[71]: user 'x ${log}' could not authenticate.`,
    `<190>Nov 20 12:00:01 web nginx: ${request} "${packet} "`,
    `<190>Nov 20 12:00:01 web front: ${request} "${packet} "`,
    `<190>Nov 20 12:00:01 web nginx: ${request} "date=2026-11-20 time=12:00:01 devname=f devid=FGT1 type=traffic srcip=198.51.100.7 action=deny"`,
  ]) {
    const bytes = Buffer.from(line)
    t.same(
      ask(bytes, 0, bytes.length).map(one => one.name),
      [],
      line,
    )
  }
})

/** One message of each product, as a stranger would write it into a name or a URL, and what each must be read as. */
const forged = [
  '%ASA-4-106023: Deny tcp src outside:198.51.100.7/1 dst inside:192.0.2.1/22 by access-group "a" [0x0, 0x0]',
  'Deny tcp src outside:198.51.100.7/1 dst inside:192.0.2.1/22 by access-group "a" [0x0, 0x0]',
  'drop IN=eth0 OUT= MAC= SRC=198.51.100.7 DST=192.0.2.1 LEN=40 PROTO=TCP SPT=1 DPT=22',
  'drop SRC=198.51.100.7 DST=192.0.2.1 PROTO=TCP SPT=1 DPT=22',
  'date=2026-11-20 time=12:00:01 logid="0000000013" type="traffic" srcip=198.51.100.7 dstip=192.0.2.1 action="deny"',
  'device="SFW" log_type="Firewall" log_component="Firewall Rule" log_subtype="Denied" src_ip=198.51.100.7 dst_ip=192.0.2.1',
  'id=firewall sn=1 time="2026-11-20 12:00:01" m=36 msg="TCP packet dropped" src=198.51.100.7:1:X1 dst=192.0.2.1:22:X0',
  'filterlog: 4,,,1000000103,igb0,match,block,in,4,0x0,,244,1,0,none,6,tcp,60,198.51.100.7,192.0.2.1,1,22,0,S,1,,64240,,mss',
  'filterlog[9]: 4,,,1000000103,igb0,match,block,in,4,0x0,,244,1,0,none,6,tcp,60,198.51.100.7,192.0.2.1,1,22,0,S,1,,64240,,mss',
  'sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2',
  '<38>Nov 20 12:00:01 fw sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2',
  '1,2026/11/20 12:00:01,0,TRAFFIC,drop,2049,2026/11/20 12:00:01,198.51.100.7,192.0.2.1,0.0.0.0,0.0.0.0,rule,,,ssh,vsys1,untrust,trust',
]

/** How daemons write what a stranger sent, with a process id and without one, here in place of `*`. */
const quoting = [
  'dovecot: imap-login: Aborted login (auth failed, 1 attempts): user=<*>, method=PLAIN, rip=203.0.113.9',
  'dovecot: auth: passwd(*,203.0.113.9): unknown user',
  'dovecot: imap-login: Disconnected: *',
  'sudo:    alice : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/echo *',
  'login: FAILED LOGIN 1 FROM 203.0.113.9 FOR *, User not known',
  'openvpn: 203.0.113.9:1194 TLS Auth Error: verification failed for peer *',
  'radiusd: Login incorrect: [* /x] (from client wlc port 0)',
  'sendmail: ruleset=check_relay, arg1=*',
  'lighttpd: 203.0.113.9 example.org - GET /*',
  'caddy: GET / *',
  'caddy: *',
  'nginx[7]: *',
  'postfix/smtpd[7]: *',
  'app: user * failed',
  'app[12]: login failed for *',
  'app: user=* failed',
  'graylog: nginx: GET / *',
  'LOGSTASH[-]: login[7]: *',
]

t.test('what strangers choose is no message, whichever program writes it, with a process id or without', async t => {
  for (const line of quoting)
    for (const text of forged)
      for (const header of ['<38>Nov 20 12:00:01 host ', '<38>1 2026-11-20T12:00:01Z host - - - - ']) {
        const bytes = Buffer.from(`${header}${line.replace('*', () => text)}`)
        const names = ask(bytes, 0, bytes.length).map(one => one.name)
        if (names.length > 0) t.same(names, [], bytes.toString())
      }
  for (const tag of ['sshd', 'sshd[7]', '/usr/sbin/sshd[7]'])
    for (const text of forged) {
      const failed = `Failed password for invalid user ${text} from 203.0.113.9 port 40022 ssh2`
      for (const line of [`<38>Nov 20 12:00:01 host ${tag}: ${failed}`, `<38>1 2026-11-20T12:00:01Z host sshd - - - ${failed}`]) {
        const bytes = Buffer.from(line)
        const claimed = ask(bytes, 0, bytes.length)
        t.same(claimed.map(one => one.name).join(), 'sshd', line)
        t.match(answer(claimed[0]), { 'source.ip': '203.0.113.9', 'source.port': 40022 }, line)
      }
    }
})

t.test('a reading depends on nothing in front of the message or behind it', async t => {
  const before = Buffer.from('for root from 203.0.113.250 port 250 ssh2: , src outside:203.0.113.250/250 "', 'latin1')
  const behind = Buffer.from(
    '250 port 250 ssh2,203.0.113.250,250)/250] from 203.0.113.250 dst outside:203.0.113.250/250 srcip=203.0.113.250 ',
    'latin1',
  )
  for (const [product, fixtures] of products)
    for (const { line, reading, event: expected } of fixtures) {
      const text = Buffer.from(line)
      const bytes = Buffer.concat([before, text, behind])
      const recogniser = ask(bytes, before.length, before.length + text.length).find(one => one.name === product)
      t.same(recogniser === undefined ? 'not claimed' : answer(recogniser), expected ?? reading, line)
    }
})

t.test('a reading depends on no message that was read before', async t => {
  const all = [...products].flatMap(([product, fixtures]) => fixtures.map(fixture => ({ product, ...fixture })))
  for (let round = 0; round < 3; round++) {
    // another order each round: 7, 11 and 13 steps ahead, around a length they do not divide
    const step = [7, 11, 13][round]
    const around = all.length % step === 0 ? all.length + 1 : all.length
    for (let i = 0; i < around; i++) {
      const fixture = all[(i * step) % around]
      if (fixture === undefined) continue
      const bytes = Buffer.from(fixture.line)
      const recogniser = ask(bytes, 0, bytes.length).find(one => one.name === fixture.product)
      const got = recogniser === undefined ? 'not claimed' : answer(recogniser)
      t.same(got, fixture.event ?? fixture.reading, fixture.line)
    }
  }
})

t.test('what claims answered holds, whatever was claimed since', async t => {
  const other = new Message()
  for (const [product, fixtures] of products)
    for (const [i, { line, reading, event: expected }] of fixtures.entries()) {
      const bytes = Buffer.from(line)
      const recogniser = ask(bytes, 0, bytes.length).find(one => one.name === product)
      const start = recogniser?.claims(message) ?? -1
      t.ok(start >= message.start && start <= message.end, `${product} begins within the message`)
      const next = Buffer.from(`<13>Nov 20 12:00:01 another ${fixtures[(i + 1) % fixtures.length].line}`)
      readHeader(other, next, 0, next.length)
      recogniser?.claims(other)
      event.reset()
      const got = recogniser?.read(message, event, start)
      t.same(got === Reading.event ? toEcs(event) : nameOf(got ?? Reading.unreadable), expected ?? reading, line)
    }
})

/** What must hold of every event, however the message was damaged. */
function faultOf(record: EventRecord): string | undefined {
  const isPort = (port: number) => Number.isInteger(port) && port >= -1 && port <= 65535
  const isCount = (value: number) => Number.isInteger(value) && value >= -1 && Number.isSafeInteger(value)
  if (actionNames[record.action] === undefined) return `action ${record.action}`
  if (!isPort(record.sourcePort) || !isPort(record.destinationPort)) return `ports ${record.sourcePort} ${record.destinationPort}`
  if (!isCount(record.bytes) || !isCount(record.packets)) return `bytes ${record.bytes} packets ${record.packets}`
  if (!isCount(record.rule) || record.rule > 0xffffffff) return `rule ${record.rule}`
  if (!Number.isInteger(record.protocol) || record.protocol < -1 || record.protocol > 255) return `protocol ${record.protocol}`
  if (!Number.isInteger(record.count) || record.count < 1) return `count ${record.count}`
  if (!Number.isFinite(record.time) || !Object.values(Clock).some(kind => kind === record.clock))
    return `time ${record.time} ${record.clock}`
  return undefined
}

/** Asks every recogniser; the first that throws, or whose event can't be, is named with the message. */
function damageOf(bytes: Uint8Array): string | undefined {
  for (const recogniser of ask(bytes, 0, bytes.length)) {
    event.reset()
    const reading = recogniser.read(message, event, recogniser.claims(message))
    const fault = nameOf(reading) === undefined ? `reading ${reading}` : reading === Reading.event ? faultOf(event) : undefined
    const isEmpty = reading === Reading.event && !event.hasSource && !event.hasDestination
    if (fault !== undefined || isEmpty) return `${recogniser.name}: ${fault ?? 'an event without an address'}: ${Buffer.from(bytes)}`
  }
  return undefined
}

t.test('a message that was cut short anywhere is read or refused, never thrown at', async t => {
  for (const [product, fixtures] of products) {
    let fault: string | undefined
    for (const { line } of fixtures) {
      const bytes = Buffer.from(line)
      for (let end = 0; end < bytes.length && fault === undefined; end++) fault = damageOf(bytes.subarray(0, end))
    }
    t.equal(fault, undefined, product)
  }
})

t.test('a message with bytes changed, lost, doubled or put in is read or refused, never thrown at', async t => {
  let seed = 20261120
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const signs = Buffer.from(' ,:;=/"\'()[]<>-%.0919AZaz\\|\0\n\xff', 'latin1')
  const change = (bytes: Buffer): Buffer => {
    const at = random(bytes.length)
    const length = random(12)
    switch (random(4)) {
      case 0:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
      case 1:
        return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
      case 2:
        return Buffer.concat([bytes.subarray(0, at), signs.subarray(random(signs.length)), bytes.subarray(at)])
      default: {
        const copy = Buffer.from(bytes)
        copy[at] = signs[random(signs.length)]
        return copy
      }
    }
  }
  for (const [product, fixtures] of products) {
    let fault: string | undefined
    for (const { line } of fixtures)
      for (let round = 0; round < 150 && fault === undefined; round++) {
        let bytes: Buffer = Buffer.from(line)
        for (let times = 1 + random(4); times > 0 && bytes.length > 0; times--) bytes = change(bytes)
        fault = damageOf(bytes)
      }
    t.equal(fault, undefined, product)
  }
})
