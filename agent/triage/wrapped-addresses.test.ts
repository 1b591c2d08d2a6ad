// No private address leaves in any wrapping, whoever wraps it: what each description says is built here again, from the description
// and not from the table, around any private address, prefix and rest.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { formatAddress, parseAddress } from '../lib/address.ts'
import { NetworkKind, Networks } from './networks.ts'
import { showsPrivate, wrappings } from './wrapped-addresses.ts'

const networks = new Networks(['198.51.100.0/24', '2001:db8:51::/48'])
const kindOf = (words: Uint32Array) => networks.kindOf(words, 0)
const leavesInPlain = (words: Uint32Array) => kindOf(words) !== NetworkKind.internal && !showsPrivate(words, 0, kindOf(words))
const plain = (text: string) => leavesInPlain(parseAddress(text) ?? assert.fail(text))

const byte = fc.integer({ min: 0, max: 255 })
const bytes = (length: number) => fc.array(byte, { minLength: length, maxLength: length })
const privateBytes = fc.oneof(
  fc.tuple(fc.constant(10), byte, byte, byte),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
)
const global = bytes(12).map(([first, ...rest]) => [0x20 | (first & 0x1f), ...rest])
const zeros = (length: number) => new Array<number>(length).fill(0)
const hex = (text: string) => [...Buffer.from(text, 'hex')]
const decimalGroup = (value: number) => hex(String(value).padStart(4, '0'))

/** Sixteen bytes of an address that holds `a`; `p` is some global prefix, `r` any bytes. */
type Wrap = (a: readonly number[], p: readonly number[], r: readonly number[]) => number[]
const nat64 =
  (length: number): Wrap =>
  (a, p) => {
    const all = [...p.slice(0, length / 8)]
    for (const one of a) {
      if (all.length === 8) all.push(0)
      all.push(one)
    }
    return [...all, ...zeros(16 - all.length)]
  }
const wraps: Readonly<Record<string, Wrap>> = {
  'mapped, RFC 4291': a => [...zeros(10), 255, 255, ...a],
  'compatible, RFC 4291': a => [...zeros(12), ...a],
  'translated, RFC 2765': a => [...zeros(8), 255, 255, 0, 0, ...a],
  '6to4, RFC 3056': (a, _, r) => [0x20, 0x02, ...a, ...r.slice(0, 10)],
  'Teredo server, RFC 4380': (a, _, r) => [0x20, 0x01, 0, 0, ...a, ...r.slice(0, 8)],
  'Teredo client, RFC 4380': (a, _, r) => [0x20, 0x01, 0, 0, ...r.slice(0, 8), ...a.map(one => 255 - one)],
  'ISATAP, RFC 5214': (a, p) => [...p.slice(0, 8), 0, 0, 0x5e, 0xfe, ...a],
  'ISATAP with the universal bit': (a, p) => [...p.slice(0, 8), 2, 0, 0x5e, 0xfe, ...a],
  'NAT64, RFC 6052': a => [...hex('0064ff9b0000000000000000'), ...a],
  'NAT64 local, RFC 8215': (a, _, r) => [...hex('0064ff9b0001'), ...r.slice(0, 6), ...a],
  ...Object.fromEntries([32, 40, 48, 56, 64].map(length => [`NAT64 with a prefix of ${length}`, nat64(length)])),
  'NAT64 with a prefix of 96': (a, p) => [...p.slice(0, 8), 0, ...p.slice(9, 12), ...a],
  '6rd, RFC 5969': (a, p, r) => [...p.slice(0, 4), ...a, ...r.slice(0, 8)],
  'MAP, RFC 7597': (a, p, r) => [...p.slice(0, 8), 0, 0, ...a, ...r.slice(0, 2)],
  'MAP, draft 03': (a, p, r) => [...p.slice(0, 8), 0, ...a, ...r.slice(0, 3)],
  '4rd, RFC 7600': (a, p, r) => [...p.slice(0, 8), 3, 0, ...a, ...r.slice(0, 2)],
  '6a44, RFC 6751': (a, p, r) => [...p.slice(0, 6), ...r.slice(0, 6), ...a],
  'decimal groups, RFC 7707': (a, p) => [...p.slice(0, 8), ...a.flatMap(decimalGroup)],
  'ULA, RFC 4193': (a, _, r) => [0xfd, ...r.slice(0, 11), ...a],
  'link-local': a => [0xfe, 0x80, ...zeros(10), ...a],
  'group of a ULA prefix, RFC 3306': (a, _, r) => [0xff, 0x3e, 0, 64, 0xfd, ...r.slice(0, 7), ...a],
  'embedded rendezvous point, RFC 3956': (a, _, r) => [0xff, 0x7e, 1, 64, 0xfd, ...r.slice(0, 7), ...a],
  'group of an interface identifier, RFC 4489': (_, __, r) => [0xff, 0x32, 0, 255, ...r.slice(0, 12)],
  'solicited-node, RFC 4291': a => [...hex('ff0200000000000000000001ff'), ...a.slice(1)],
  'node information, RFC 4620': a => [...hex('ff0200000000000000000002ff'), ...a.slice(1)],
  'a group of a private network, RFC 6034': a => [...zeros(10), 255, 255, 234, ...a.slice(0, 3)],
  'a hardware address in a network of ours': (a, _, r) => [...hex('20010db80051'), ...r.slice(0, 5), 0xff, 0xfe, ...a.slice(1)],
  'mapped, its port read as a group': (a, _, r) => [...zeros(8), 255, 255, ...a, ...r.slice(0, 2)],
  'mapped, port and number of an interface read as groups': (a, _, r) => [...zeros(6), 255, 255, ...a, ...r.slice(0, 4)],
  'NAT64, port and number of an interface read as groups': (a, _, r) => [...hex('0064ff9b00000000'), ...a, ...r.slice(0, 4)],
  'compatible, its port read as a group': (a, _, r) => [...zeros(10), ...a, ...r.slice(0, 2)],
  'ISATAP, its port read as a group': (a, p, r) => [...p.slice(0, 6), 0, 0, 0x5e, 0xfe, ...a, ...r.slice(0, 2)],
}

for (const [name, wrap] of Object.entries(wraps))
  t.test(`no private address leaves in ${name}`, async t => {
    const property = fc.property(privateBytes, global, bytes(12), (address, prefix, rest) => {
      const wrapped = Buffer.from(wrap(address, prefix, rest))
      assert.equal(wrapped.length, 16)
      const words = Uint32Array.from([0, 4, 8, 12], at => wrapped.readUInt32BE(at))
      assert.ok(!leavesInPlain(words), `${formatAddress(words)} for ${address.join('.')}`)
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
  })

t.test('each wrapping of the table says where it is described, and is what holds something', async t => {
  t.equal(new Set(wrappings.map(({ name }) => name)).size, wrappings.length)
  for (const { name, source } of wrappings) t.match(source, /RFC \d+|SonicWall/, name)
})

t.test('addresses that hold nothing private leave as they are', async t => {
  for (const text of [
    '203.0.113.5',
    '198.51.100.7',
    '255.255.255.255',
    '224.0.0.1',
    '234.203.0.113',
    '2001:db8:ffff::1',
    '2001:db8:51::80',
    '2001:db8:9::200:5efe:203.0.113.1',
    '2001:0:cb00:7101:8000:63bf:34ff:8ef6',
    '64:ff9b::203.0.113.1',
    '2002:cb00:7101::1',
    '2606:4700:4700::1111',
    '2001:db8:1:2:225:96ff:fe12:3456',
    'ff02::fb',
    'ff05::1:3',
    '::',
  ])
    t.ok(plain(text), text)
})

t.test('of public addresses taken at random hardly any looks as if it held a private one', async t => {
  let pseudonyms = 0
  const count = 200_000
  const words = new Uint32Array(4)
  let seed = 1
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0)
  for (let i = 0; i < count; i++) {
    for (let word = 0; word < 4; word++) words[word] = (next() & 0xffff0000) | (next() >>> 16)
    words[0] = ((words[0] & 0x1fffffff) | 0x20000000) >>> 0
    if (!leavesInPlain(words)) pseudonyms++
  }
  t.ok(pseudonyms / count < 0.0115, `${pseudonyms} of ${count}`)
})

t.test('whoever is outside stays outside, however he chooses his address', async t => {
  for (const text of ['2001:db8:9::5efe:10.0.0.7', '2001:db8:9::10.0.0.7', '2001:0:a14:1e28:8000:63bf:3fff:fdd2', '2001:db8:a14:1e28::1'])
    t.equal(kindOf(parseAddress(text) ?? assert.fail(text)), NetworkKind.foreign, text)
})
