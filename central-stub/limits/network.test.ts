import t from 'tap'
import { networkOf } from './network.ts'

t.test('an IPv4 address is one caller, however it is written', async t => {
  t.equal(networkOf('192.0.2.1'), '192.0.2.1')
  t.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
})

t.test('all addresses of a /64 are one caller', async t => {
  t.equal(networkOf('2001:db8:1:2:3::4'), '2001:db8:1:2::/64')
  t.equal(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:2:ffff::1'))
  t.not(networkOf('2001:db8:1:3::1'), networkOf('2001:db8:1:2::1'))
})

t.test('what is no address is a caller too', async t => {
  for (const text of [undefined, '', 'here']) t.equal(networkOf(text), 'unknown')
})
