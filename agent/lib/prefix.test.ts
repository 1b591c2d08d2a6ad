import assert from 'node:assert/strict'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { parseAddress } from './address.ts'
import { parsePrefix } from './prefix.ts'

const numberOf = (text: string): bigint => (parseAddress(text) ?? new Uint32Array(4)).reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
const holds = (prefix: string, address: string): boolean => {
  const range = parsePrefix(prefix)
  if (range === undefined) throw new Error(`${prefix} is no prefix`)
  return range.first <= numberOf(address) && numberOf(address) <= range.last
}

t.test('a prefix holds the addresses that another library says it holds, host bits being ignored', async t => {
  const agree = (prefix: string, length: number, address: string) => {
    const [one, other] = [ipaddr.parse(address), ipaddr.parse(prefix)]
    const expected =
      one instanceof ipaddr.IPv4 && other instanceof ipaddr.IPv4
        ? one.match(other, length)
        : one instanceof ipaddr.IPv6 && other instanceof ipaddr.IPv6 && one.match(other, length)
    assert.equal(holds(`${prefix}/${length}`, address), expected, `${address} in ${prefix}/${length}`)
  }
  const near4 = fc.tuple(fc.ipV4(), fc.nat(32), fc.ipV4())
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(near4, ([prefix, length, address]) => agree(prefix, length, address)),
      { numRuns: 300 },
    ),
  )
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.nat(16), fc.nat(255), fc.nat(255), (spare, a, b) => agree(`198.51.100.${a}`, 32 - spare, `198.51.100.${b}`))),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat(64), fc.nat(0xffff), fc.nat(0xffff), (spare, a, b) =>
        agree(`2001:db8::${a.toString(16)}`, 128 - spare, `2001:db8::${b.toString(16)}`),
      ),
    ),
  )
})

t.test('an address alone is a prefix of itself, and /0 is the whole of its family', async t => {
  t.ok(holds('203.0.113.9', '203.0.113.9'))
  t.notOk(holds('203.0.113.9', '203.0.113.10'))
  t.notOk(holds('2001:db8::1', '2001:db8::2'))
  for (const address of ['0.0.0.0', '255.255.255.255']) t.ok(holds('0.0.0.0/0', address))
  t.notOk(holds('0.0.0.0/0', '2001:db8::1'), 'IPv4 does not hold IPv6')
  t.ok(holds('::/0', '2001:db8::1'))
})

t.test('refuses what is no prefix', async t => {
  for (const text of [
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/08x',
    '10.0.0.0/1e1',
    'example',
  ])
    t.equal(parsePrefix(text), undefined, `'${text}'`)
})
