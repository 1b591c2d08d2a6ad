import t from 'tap'
import { formatListenAddress, openOnHost, parseListenAddress, peerName } from './listen-address.ts'

t.test('reads and writes addresses as the settings have them', async test => {
  for (const [text, host, port] of [
    ['[::]:514', '::', 514],
    ['[2001:db8::1]:6514', '2001:db8::1', 6514],
    ['0.0.0.0:1514', '0.0.0.0', 1514],
  ] as const) {
    test.same(parseListenAddress(text), { host, port })
    test.equal(formatListenAddress(host, port), text)
  }
})

t.test('names each peer in one way', async test => {
  test.equal(peerName('::ffff:192.0.2.1'), '192.0.2.1')
  test.equal(peerName('192.0.2.1'), '192.0.2.1')
  test.equal(peerName('2001:db8::1'), '2001:db8::1')
  test.equal(peerName('fe80::1%eth0'), 'fe80::1')
  test.equal(peerName('::ffff:0:1'), '::ffff:0:1')
})

t.test('falls back to IPv4 on a machine without IPv6, and only from ::', async test => {
  const tried: string[] = []
  const open = async (host: string) => {
    tried.push(host)
    if (host.includes(':')) throw Object.assign(new Error('bind EAFNOSUPPORT'), { code: 'EAFNOSUPPORT' })
    return host
  }
  test.equal(await openOnHost('udp', { host: '::', port: 514 }, open), '0.0.0.0')
  test.same(tried, ['::', '0.0.0.0'])
  await test.rejects(openOnHost('udp', { host: '2001:db8::1', port: 514 }, open), {
    code: 'listen-failed',
    message: 'cannot listen for udp on [2001:db8::1]:514: bind EAFNOSUPPORT',
  })
})
