import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { portOf, TestSink, until } from '../test-sink.ts'
import { openSyslogTcp } from './syslog-tcp.ts'

const LINES = 50_000
const CONNECTIONS = 3

/** Takes 5 µs a message, as an agent does that has only just begun. */
class SlowSink extends TestSink {
  readonly count = new Map<string, number>()
  total = 0
  override deliver(bytes: Uint8Array, start: number): void {
    const name = String.fromCharCode(bytes[start])
    this.count.set(name, (this.count.get(name) ?? 0) + 1)
    this.total++
    for (const over = performance.now() + 0.005; performance.now() < over; );
  }
}

t.test('lines of one letter at full speed leave others their turn, and all connections theirs', async test => {
  const sink = new SlowSink()
  const source = await openSyslogTcp({ host: '127.0.0.1', port: 0, sink })
  let [most, before, leastShare, isOn] = [0, 0, 1, true]
  const turn = () => {
    most = Math.max(most, sink.total - before)
    before = sink.total
    if (before > LINES && before < 2 * LINES) leastShare = Math.min(leastShare, Math.min(...sink.count.values()) / before)
    if (isOn) setImmediate(turn)
  }
  setImmediate(turn)
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, i) => {
      const socket = connect(portOf(source.address), '127.0.0.1')
      await once(socket, 'connect')
      return socket.end(`${'abc'[i]}\n`.repeat(LINES))
    }),
  )
  await until(() => sink.total === CONNECTIONS * LINES, 'all lines')
  isOn = false
  test.same([...sink.count.values()], Array(CONNECTIONS).fill(LINES), 'nothing is lost')
  // 16 KiB, and what is left of a turn from the round before
  test.ok(most <= 2 * 8192, `${most} messages in a row`)
  test.ok(leastShare > 0.1, `${leastShare} of the messages are of the connection that had least`)
  for (const socket of sockets) socket.destroy()
  await source.close()
})

t.test('what was received of a connection that breaks is read to its end', async test => {
  const sink = new SlowSink()
  const source = await openSyslogTcp({ host: '127.0.0.1', port: 0, sink })
  const socket = connect(portOf(source.address), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('a\n'.repeat(20_000))
  await until(() => sink.total > 0, 'the first line')
  socket.resetAndDestroy()
  await until(() => source.counters.connectionsOpen === 0, 'the end of the connection')
  test.ok(sink.total > 8192, 'also what waited for its turn')
  await source.close()
})
