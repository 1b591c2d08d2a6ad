import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { portOf, TestSink, until } from '../test-sink.ts'
import { openSyslogTcp } from './syslog-tcp.ts'
import { openSyslogTls } from './syslog-tls.ts'
import { ensureOwnCertificate } from './tls-certificate.ts'

/** Counts how often something was read. */
class CountingSink extends TestSink {
  reads = 0
}
function countingSink(): CountingSink {
  const sink = new CountingSink()
  Object.defineProperty(sink, 'receivedAtMs', { set: () => sink.reads++ })
  return sink
}

async function open() {
  const sink = countingSink()
  const source = await openSyslogTcp({ host: '127.0.0.1', port: 0, sink })
  const socket = connect(portOf(source.address), '127.0.0.1')
  await once(socket, 'connect')
  return { sink, source, socket: socket.setNoDelay(true) }
}

t.test('a message a millisecond does not wake the agent for each', async test => {
  const { sink, source, socket } = await open()
  const count = 1000
  for (let i = 0; i < count; i++) {
    socket.write(`<1>${i}\n`)
    await sleep(1)
  }
  await until(() => sink.received.length === count, 'all messages')
  test.ok(sink.reads < count / 4, `${sink.reads} times`)
  test.same(sink.received.at(-1), `127.0.0.1 <1>${count - 1}`)
  socket.destroy()
  await source.close()
})

t.test('what came last is read before the connection closes, whoever closes it', async test => {
  for (const isSender of [true, false]) {
    const { sink, source, socket } = await open()
    socket.resume()
    for (let i = 0; i < 20; i++) {
      socket.write(`<1>${i}\n`)
      await sleep(1)
    }
    if (isSender) socket.end('<1>last')
    else socket.write('<1>last\n')
    await sleep(5)
    if (isSender) await sink.receives('<1>last')
    await source.close()
    test.equal(sink.received.length, 21)
    socket.destroy()
  }
})

t.test('a megabyte in a row arrives whole', async test => {
  const { sink, source, socket } = await open()
  const count = 10_000
  for (let i = 0; i < 50; i++) socket.write(`<1>${'x'.repeat(97)}\n`.repeat(count / 50))
  await until(() => sink.received.length === count, 'all messages')
  test.ok(sink.received.every(message => message.length === 110))
  socket.destroy()
  await source.close()
})

t.test('over TLS, where each message comes alone: seldom woken, and all at once when many come', async test => {
  const sink = countingSink()
  const files = { ...(await ensureOwnCertificate(test.testdir(), ['localhost'], new Date())), clientCa: undefined }
  const source = await openSyslogTls({ host: '127.0.0.1', port: 0, sink, files })
  const socket = connectTls({ port: portOf(source.address), host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  let count = 0
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 200; i++) {
      socket.write(`<1>${count++}\n`)
      await sleep(1)
    }
    for (let i = 0; i < 5000; i++) socket.write(`<1>${count++}\n`)
  }
  socket.end()
  // one for each rest would take minutes
  await until(() => sink.received.length === count, 'all messages')
  test.ok(
    sink.received.every((message, i) => message === `127.0.0.1 <1>${i}`),
    'in their order',
  )
  await source.close()
})
