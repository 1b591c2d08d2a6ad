import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Action, EventRecord, Protocol } from '../event.ts'
import { formatAddress, parseAddress } from '../lib/address.ts'
import { parsePrefix } from '../lib/prefix.ts'
import { NetworkKind, Networks } from './networks.ts'
import { Pseudonyms } from './pseudonym.ts'
import { Mark, REMEMBERED_MS } from './recent-sources.ts'
import { rules, Verdict } from './rules.ts'
import { Triage } from './triage.ts'

const networks = new Networks(['198.51.100.0/24', '2001:db8:51::/48'])
/** As 16 bytes in network order. */
const bytesOf = (words: Uint32Array): Buffer => Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => words[i >> 2] >>> (24 - 8 * (i & 3))))
const kindOf = (address: string) => networks.kindOf(parseAddress(address) ?? new Uint32Array(4), 0)

t.test('knows what is internal, public and ours, special, or foreign, at every edge', async t => {
  const { foreign, internal, oursPublic, special } = NetworkKind
  const cases: [string, number][] = [
    ['10.0.0.0', internal],
    ['10.255.255.255', internal],
    ['9.255.255.255', foreign],
    ['11.0.0.0', foreign],
    ['172.15.255.255', foreign],
    ['172.16.0.0', internal],
    ['172.31.255.255', internal],
    ['172.32.0.0', foreign],
    ['192.168.7.7', internal],
    ['100.64.0.1', internal],
    ['100.128.0.0', foreign],
    ['169.254.1.1', internal],
    ['127.0.0.1', internal],
    ['198.51.100.255', oursPublic],
    ['198.51.101.0', foreign],
    ['0.0.0.0', special],
    ['224.0.0.251', special],
    ['255.255.255.255', special],
    ['fe80::1', internal],
    ['fd12::1', internal],
    ['::1', internal],
    ['::', special],
    ['ff02::fb', special],
    ['2001:db8:51::9', oursPublic],
    ['2001:db8:52::9', foreign],
    ['::10.1.2.3', internal],
    ['::ffff:0:192.168.3.4', internal],
    ['2001:db8:9::5efe:10.0.0.7', foreign],
    ['2001:db8:9::200:5efe:203.0.113.1', foreign],
    ['64:ff9b::10.1.2.3', internal],
    ['64:ff9b::203.0.113.1', foreign],
    ['64:ff9b::198.51.100.7', oursPublic],
    ['2002:c633:6407::1', oursPublic],
    ['2002:c0a8:101::1', internal],
    ['2002:cb00:7101::1', foreign],
  ]
  for (const [address, kind] of cases) t.equal(kindOf(address), kind, address)
})

t.test('what is internal stays internal whatever the member states', async t => {
  const stated = new Networks(['10.0.0.0/8', '0.0.0.0/0'])
  t.equal(stated.kindOf(parseAddress('10.1.1.1') ?? new Uint32Array(4), 0), NetworkKind.internal)
  t.equal(stated.kindOf(parseAddress('203.0.113.1') ?? new Uint32Array(4), 0), NetworkKind.oursPublic)
  t.throws(() => new Networks(['10.0.0.0/33']), RangeError)
})

t.test('thousands of networks are taken up at once: messages come meanwhile', async t => {
  const stated = Array.from({ length: 4096 }, (_, i) => `203.${i >> 8}.${i & 255}.0/25`)
  const before = process.cpuUsage()
  const many = new Networks(stated)
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`)
  for (const [address, kind] of [
    ['203.15.255.127', NetworkKind.oursPublic],
    ['203.15.255.128', NetworkKind.foreign],
    ['203.16.0.0', NetworkKind.foreign],
  ] as const)
    t.equal(many.kindOf(parseAddress(address) ?? new Uint32Array(4), 0), kind, address)
})

t.test('finds any IPv4 address in the network that it is in, whatever the member states', async t => {
  const prefix = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([address, length]) => `${address}/${length}`)
  const near = (range: { first: bigint; last: bigint }) => [range.first - 1n, range.first, range.last, range.last + 1n]
  const judge = (stated: string[], address: string) => {
    const plain = new Networks([])
    const mine = new Networks(stated)
    const ranges = stated.map(text => parsePrefix(text) ?? { first: 0n, last: 0n })
    const words = parseAddress(address) ?? new Uint32Array(4)
    const all = ranges.flatMap(near).filter(number => number >> 32n === 0xffffn)
    for (const number of [0xffff00000000n + BigInt(words[3]), ...all]) {
      words[3] = Number(number & 0xffffffffn)
      const before = plain.kindOf(words, 0)
      const isMine = before === NetworkKind.foreign && ranges.some(({ first, last }) => first <= number && number <= last)
      assert.equal(mine.kindOf(words, 0), isMine ? NetworkKind.oursPublic : before, formatAddress(words))
    }
  }
  t.doesNotThrow(() => fc.assert(fc.property(fc.array(prefix, { maxLength: 5 }), fc.ipV4(), judge), { numRuns: 60 }))
})

const judge = (triage: Triage, action: number, source: string | null, destination: string | null, port = 443, now = 0) => {
  const event = new EventRecord()
  if (source !== null) event.words.set(parseAddress(source) ?? [], 0)
  if (destination !== null) event.words.set(parseAddress(destination) ?? [], 4)
  Object.assign(event, { hasSource: source !== null, hasDestination: destination !== null, action, destinationPort: port })
  const rule = rules[triage.judge(event, now)]
  return `${rule.verdict === Verdict.send ? 'send' : 'drop'} ${rule.name}`
}
const out = '203.0.113.5'
const server = '198.51.100.80'
const client = '10.1.2.3'

t.test('sends what is blocked, detected or refused at the door, and drops the daily rest', async t => {
  const triage = () => new Triage(networks)
  const { allow, deny, drop, reject, reset, end, detect, loginFailed, other } = Action
  const cases: [string, number, string | null, string | null, number?][] = [
    ['send blocked-from-outside', deny, out, server],
    ['send blocked-from-outside', drop, out, null],
    ['send blocked-from-outside', reject, out, client],
    ['send blocked-from-outside', reset, '2001:db8:ffff::1', '2001:db8:51::1'],
    ['send blocked-to-outside', deny, client, out],
    ['drop blocked-internal', deny, client, '192.168.1.1'],
    ['drop blocked-internal', deny, null, server],
    ['drop local-chatter', deny, client, '255.255.255.255'],
    ['drop local-chatter', drop, '0.0.0.0', '255.255.255.255'],
    ['drop local-chatter', deny, 'fe80::1', 'ff02::fb'],
    ['drop local-chatter', deny, out, '224.0.0.1'],
    ['drop local-chatter', drop, out, '255.255.255.255'],
    ['drop local-chatter', drop, null, '224.0.0.1'],
    ['drop detected-internal', detect, client, '10.9.9.9'],
    ['drop detected-internal', detect, client, null],
    ['drop detected-internal', detect, null, server],
    ['drop detected-internal', detect, client, '224.0.0.1'],
    ['send detected', detect, out, null],
    ['send detected', detect, null, out],
    ['send detected', detect, out, server],
    ['send detected', detect, client, out],
    ['send login-failed-outside', loginFailed, out, null],
    ['drop login-failed-inside', loginFailed, client, null],
    ['drop allowed-outbound', allow, client, out],
    ['drop allowed-inbound', allow, out, server],
    ['send allowed-to-admin-port', allow, out, server, 3389],
    ['drop allowed-outbound', allow, client, out, 22],
    ['drop allowed-other', allow, client, '10.9.9.9'],
    ['drop session-end', end, out, server],
    ['drop no-verdict', other, out, server],
  ]
  for (const [expected, ...call] of cases) t.equal(judge(triage(), ...call), expected, `${expected} ${call.join(' ')}`)
})

t.test('drops a late packet between a client of ours and a server outside, whichever way it goes, and no other', async t => {
  const late = (ends: [string, number, string, number], changes: Partial<EventRecord> = {}) => {
    const triage = new Triage(networks)
    const event = new EventRecord()
    event.words.set(parseAddress(ends[0]) ?? [], 0)
    event.words.set(parseAddress(ends[2]) ?? [], 4)
    const [, sourcePort, , destinationPort] = ends
    const said = { hasSource: true, hasDestination: true, action: Action.drop, protocol: Protocol.tcp, isLate: true }
    Object.assign(event, said, { sourcePort, destinationPort }, changes)
    const rule = rules[triage.judge(event, 1000)].name
    const marks = triage.recent.marksOf(event.words, 1000)
    return `${rule}${marks > 0 ? ' marked' : ''}`
  }
  const blocked = 'blocked-from-outside marked'
  t.equal(late([out, 443, client, 51514]), 'late-packet')
  t.equal(late([out, 443, server, 51514]), 'late-packet')
  t.equal(late([out, 8443, '203.0.113.200', 1024]), 'late-packet', 'our own public address need not be stated')
  t.equal(late([client, 51514, out, 80]), 'late-packet')
  t.equal(late([server, 51514, out, 8080]), 'late-packet')
  t.equal(late([out, 443, server, 443]), blocked, 'to a service')
  t.equal(late([out, 443, server, 3389]), blocked, 'to an administration port')
  t.equal(late([out, 443, server, 8080]), blocked)
  t.equal(late([out, 51514, server, 443]), blocked, 'a scan of a published service')
  t.equal(late([out, 51514, server, 52000]), blocked)
  t.equal(late([out, 51514, '203.0.113.200', 443]), blocked)
  t.equal(late([client, 443, out, 51514]), 'blocked-to-outside')
  t.equal(late([out, 443, client, 51514], { isLate: false }), blocked)
  t.equal(late([out, 443, client, 51514], { protocol: Protocol.udp }), blocked)
  t.equal(late([out, 443, client, 51514], { sourcePort: -1 }), blocked)
  t.equal(late([out, 443, client, 51514], { action: Action.detect }), 'detected')
})

t.test('decides the same about the same facts, whatever was decided before', async t => {
  const long = new Triage(networks)
  const ends = [null, out, server, client, '255.255.255.255', 'ff02::fb', '2001:db8:51::1', '2001:db8:ffff::1']
  // sources that are ours leave no mark, so a triage that knows nothing has to come to the same
  const sources = [null, server, client, '255.255.255.255', '2001:db8:51::1']
  const cases = Object.values(Action).flatMap(action =>
    sources.flatMap(source => ends.flatMap(destination => [443, 22, -1].map(port => [action, source, destination, port] as const))),
  )
  const expected = cases.map(one => judge(new Triage(networks), ...one))
  for (let round = 0; round < 2; round++)
    t.same(
      cases.map(one => judge(long, ...one)),
      expected,
    )
})

t.test('sends what a blocked source is allowed, until it is forgotten', async t => {
  const triage = new Triage(networks)
  judge(triage, Action.deny, out, server, 23, 1000)
  t.equal(judge(triage, Action.allow, out, server, 443, 2000), 'send allowed-from-blocked-source')
  t.equal(judge(triage, Action.allow, '203.0.113.6', server, 443, 2000), 'drop allowed-inbound')
  t.equal(judge(triage, Action.allow, out, server, 443, 1001 + REMEMBERED_MS), 'drop allowed-inbound')
})

t.test('sends an allowed connection right after failed logins', async t => {
  const triage = new Triage(networks)
  judge(triage, Action.loginFailed, out, null, -1, 1000)
  t.equal(judge(triage, Action.allow, out, server, 443, 2000), 'send allowed-after-failed-login')
  t.equal(judge(triage, Action.allow, out, null, -1, 2000), 'send allowed-after-failed-login', 'the login that worked')
  t.equal(judge(triage, Action.allow, '203.0.113.6', null, -1, 2000), 'drop allowed-other', 'a login without failures before it')
})

t.test('a flood of sources costs no memory, and what is forgotten early is counted', async t => {
  const { recent } = new Triage(networks)
  const words = Uint32Array.of(0, 0, 0xffff, 0)
  for (let i = 0; i < 300_000; i++) {
    words[3] = Math.imul(i, 2654435761) >>> 0
    recent.mark(words, Mark.blocked, 1000 + i)
  }
  t.ok(recent.evicted > 200_000 - 65_536)
  t.equal(recent.marksOf(words, 301_000), Mark.blocked, 'the newest is still known')
})

t.test('a pseudonym turns back only with the key that made it', async t => {
  const one = new Pseudonyms(Buffer.alloc(16, 1))
  const words = parseAddress(client) ?? new Uint32Array(4)
  const made = one.of(bytesOf(words))
  t.equal(made.length, 16)
  t.strictSame(one.of(bytesOf(words)), made, 'the same address gives the same pseudonym')
  t.strictSame(one.back(made), words)
  t.notSame(new Pseudonyms(Buffer.alloc(16, 2)).back(made), words)
  t.throws(() => new Pseudonyms(Buffer.alloc(15)), RangeError)
})

t.test('pseudonyms are those of draft-denis-ipcrypt, by its test vectors', async t => {
  const vectors = [
    ['0123456789abcdeffedcba9876543210', '0.0.0.0', 'bde9:6789:d353:824c:d7c6:f58a:6bd2:26eb'],
    ['1032547698badcfeefcdab8967452301', '255.255.255.255', 'aed2:92f6:ea23:58c3:48fd:8b8:74e8:45d8'],
    ['2b7e151628aed2a6abf7158809cf4f3c', '192.0.2.1', '1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777'],
  ]
  for (const [key, address, expected] of vectors) {
    const pseudonyms = new Pseudonyms(Buffer.from(key, 'hex'))
    const other = Buffer.alloc(16, address)
    const made = Buffer.from(pseudonyms.of(Buffer.concat([other, bytesOf(parseAddress(address) ?? new Uint32Array(4)), other])))
    t.equal(formatAddress(Uint32Array.from([16, 20, 24, 28], at => made.readUInt32BE(at))), expected, 'also in a row of others')
    t.strictSame(made.subarray(32), made.subarray(0, 16))
    t.strictSame(made.subarray(0, 16), Buffer.from(pseudonyms.of(other)))
  }
})
