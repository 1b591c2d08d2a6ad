// A message to a source of this process arrives from a loopback address, wherever the source listens.
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { until } from '../../testing/harness.ts'
import type { Source } from '../source.ts'
import { portOf, TestSink } from '../test-sink.ts'
import { sendToSelf } from './send-to-self.ts'
import { openSyslogTcp } from './syslog-tcp.ts'
import { openPlainSyslogUdp } from './syslog-udp-plain.ts'

const own = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address
const hasSix = Object.values(networkInterfaces()).some(list => list?.some(({ address }) => address === '::1'))
const hosts = ['::', '0.0.0.0', '127.0.0.1', ...(hasSix ? ['::1'] : []), ...(own === undefined ? [] : [own])]
const openers = { udp: openPlainSyslogUdp, tcp: openSyslogTcp }

for (const [name, open] of Object.entries(openers))
  t.test(`${name}: wherever it listens`, async t => {
    for (const host of hosts) {
      const sink = new TestSink()
      const source: Source = await open({ host, port: 0, sink })
      t.teardown(() => source.close())
      const faults: Error[] = []
      sendToSelf(source, 'marked message', fault => faults.push(fault))
      await sink.receives('marked message')
      t.match(sink.received, [host === '::1' ? '::1 marked message' : '127.0.0.1 marked message'], host)
      t.same(faults, [])
    }
  })

t.test('a port on which nobody listens any more is told, not thrown', async t => {
  for (const [name, open] of Object.entries(openers)) {
    const source: Source = await open({ host: '127.0.0.1', port: 0, sink: new TestSink() })
    await source.close()
    const faults: string[] = []
    t.ok(portOf(source.address) > 0)
    // of a datagram that nobody takes, the sender learns by the next one at the earliest
    if (name === 'udp') sendToSelf(source, 'to nobody', () => undefined)
    else {
      sendToSelf(source, 'to nobody', ({ message }) => faults.push(message))
      await until(
        () => faults,
        ([first]) => /ECONNREFUSED/.test(first ?? ''),
      )
    }
  }
})
