import { createSocket } from 'node:dgram'
import { openUdp } from 'node-netfilter-log'
import t from 'tap'
import { portOf, TestSink } from '../test-sink.ts'
import { openSyslogUdp, type SyslogUdpOptions, type SyslogUdpSource } from './syslog-udp.ts'
import { openPlainSyslogUdp } from './syslog-udp-plain.ts'

type Open = (options: SyslogUdpOptions) => Promise<SyslogUdpSource>
const ways: Readonly<Record<string, Open>> = { native: options => openSyslogUdp(openUdp, options), plain: openPlainSyslogUdp }

async function send(address: string, port: number, ...datagrams: (string | Buffer)[]): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  for (const datagram of datagrams) await new Promise(resolve => socket.send(datagram, port, address, resolve))
  socket.close()
}

for (const [how, open] of Object.entries(ways)) {
  t.test(`${how}: receives IPv4 and IPv6 on one socket and names both in their shortest form`, async test => {
    const sink = new TestSink()
    const source = await open({ host: '::', port: 0, sink })
    test.match(source.address, /^\[::\]:\d+$/)
    await send('127.0.0.1', portOf(source.address), '<1>four')
    await send('::1', portOf(source.address), '<2>six')
    await sink.receives('four')
    await sink.receives('six')
    test.same(sink.received.sort(), ['127.0.0.1 <1>four', '::1 <2>six'])
    await source.close()
  })

  t.test(`${how}: takes a datagram for one message, whatever is in it`, async test => {
    const sink = new TestSink()
    const source = await open({ host: '127.0.0.1', port: 0, sink })
    const large = `<3>${'a'.repeat(65_000)}`
    await send('127.0.0.1', portOf(source.address), '', '<1>a\n<2>b\n', Buffer.from([0xff, 0xfe, 0xc3, 0x28]), large, 'last')
    await sink.receives('last')
    test.same(sink.received, ['127.0.0.1 <1>a\n<2>b\n', '127.0.0.1 \xff\xfe\xc3(', `127.0.0.1 ${large}`, '127.0.0.1 last'])
    await source.close()
  })

  t.test(`${how}: reports the buffer that the kernel granted, not what was requested`, async test => {
    const sink = new TestSink()
    const small = await open({ host: '127.0.0.1', port: 0, sink, receiveBufferBytes: 262_144 })
    const huge = await open({ host: '127.0.0.1', port: 0, sink, receiveBufferBytes: 2 ** 30 })
    test.ok(small.receiveBufferBytes >= 131_072, String(small.receiveBufferBytes))
    test.ok(huge.receiveBufferBytes >= small.receiveBufferBytes)
    await small.close()
    await huge.close()
  })

  t.test(`${how}: brings out what was received before it closes`, async test => {
    const sink = new TestSink()
    const source = await open({ host: '127.0.0.1', port: 0, sink })
    await send('127.0.0.1', portOf(source.address), ...Array.from({ length: 50 }, (_, i) => `<1>${i}`))
    await source.close()
    test.equal(sink.received.length, 50)
  })

  t.test(`${how}: fails on an address that is in use, and on one that is not ours`, async test => {
    const sink = new TestSink()
    const source = await open({ host: '127.0.0.1', port: 0, sink })
    const port = portOf(source.address)
    await test.rejects(open({ host: '127.0.0.1', port, sink }), {
      code: 'listen-failed',
      message: new RegExp(`^cannot listen for udp on 127.0.0.1:${port}: .*EADDRINUSE`),
    })
    await test.rejects(open({ host: '192.0.2.1', port: 0, sink }), { code: 'listen-failed' })
    await source.close()
  })
}
