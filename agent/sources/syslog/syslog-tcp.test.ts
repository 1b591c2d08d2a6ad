import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { portOf, TestSink, until } from '../test-sink.ts'
import { openSyslogTcp } from './syslog-tcp.ts'

async function open(limits = {}) {
  const sink = new TestSink()
  const source = await openSyslogTcp({ host: '::', port: 0, sink, limits })
  const client = async (host = '127.0.0.1'): Promise<Socket> => {
    const socket = connect(portOf(source.address), host)
    socket.on('error', () => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { sink, source, client }
}

const isClosed = (socket: Socket) => until(() => socket.destroyed, 'the end of a connection')

t.test('receives both framings, over IPv4 and IPv6', async test => {
  const { sink, source, client } = await open()
  const four = await client()
  const six = await client('::1')
  four.write('<1>line\r\n<2>line\n')
  six.write('11 <3>counted\n4 <4>a')
  await sink.receives('<2>line')
  await sink.receives('<4>a')
  test.same(sink.received.sort(), ['127.0.0.1 <1>line', '127.0.0.1 <2>line', '::1 <3>counted', '::1 <4>a'])
  test.match(source.counters, { connections: 2, connectionsOpen: 2 })
  four.destroy()
  six.destroy()
  await until(() => source.counters.connectionsOpen === 0, 'both to be gone')
  await source.close()
})

t.test('receives the same wherever the stream is split', async test => {
  const { sink, source, client } = await open()
  for (const stream of ['<1>a\n<2>b\r\n<3>c', '4 <1>a4 <2>b\n12 <3>cc\nddeeff']) {
    const expected = stream.startsWith('4') ? ['<1>a', '<2>b', '<3>cc\nddeeff'] : ['<1>a', '<2>b', '<3>c']
    for (let at = 1; at < stream.length; at++) {
      sink.received.length = 0
      const socket = await client()
      socket.setNoDelay(true)
      socket.write(stream.slice(0, at))
      await new Promise(resolve => setImmediate(resolve))
      socket.end(stream.slice(at))
      await once(socket.resume(), 'close')
      await until(() => sink.received.length >= expected.length, 'all messages')
      test.same(
        sink.received,
        expected.map(message => `127.0.0.1 ${message}`),
        `${stream} at ${at}`,
      )
    }
  }
  await source.close()
})

t.test('a broken frame ends its own connection and no other', async test => {
  const { sink, source, client } = await open()
  const good = await client()
  const bad = await client()
  good.write('<1>before\n')
  bad.write('4 <1>a0004 <2>b')
  await isClosed(bad)
  good.write('<1>after\n')
  await sink.receives('after')
  test.same(sink.received.sort(), ['127.0.0.1 !broken-frame', '127.0.0.1 <1>a', '127.0.0.1 <1>after', '127.0.0.1 <1>before'])
  test.equal(source.counters.connectionsCut, 1)
  good.destroy()
  await source.close()
})

t.test('a limit that changes counts for connections that come after that', async test => {
  const limits = { connectionsMax: 1 }
  const { source, client } = await open(limits)
  const first = await client()
  await isClosed(await client())
  limits.connectionsMax = 2
  const second = await client()
  await until(() => source.counters.connections === 2, 'the second')
  test.match(source.counters, { connections: 2, connectionsOpen: 2, connectionsRefused: 1 })
  for (const socket of [first, second]) socket.destroy()
  await source.close()
})

t.test('a line of 10 MB is refused once, and what follows is received', async test => {
  const { sink, source, client } = await open()
  const socket = await client()
  socket.write(Buffer.alloc(10_000_000, 0x61))
  socket.end('\n<2>next\n')
  await sink.receives('<2>next')
  test.same(sink.received, ['127.0.0.1 !oversize', '127.0.0.1 <2>next'])
  await source.close()
})

t.test('a reset costs what was not sent and nothing else', async test => {
  const { sink, source, client } = await open()
  const other = await client()
  const reset = await client()
  reset.write('<1>whole\n<2>part')
  await sink.receives('<1>whole')
  reset.resetAndDestroy()
  await until(() => source.counters.connectionsOpen === 1, 'the reset')
  test.same(sink.received, ['127.0.0.1 <1>whole', '127.0.0.1 !cut-short'])
  other.write('<3>still here\n')
  await sink.receives('<3>still here')
  other.destroy()
  await source.close()
  test.equal(source.counters.connectionsOpen, 0)
})

t.test('takes no more connections than it may, in all and of one peer, and counts the others', async test => {
  const { source, client } = await open({ connectionsMax: 3, connectionsPerPeerMax: 2 })
  const kept = [await client(), await client()]
  const third = await client()
  await isClosed(third)
  kept.push(await client('::1'))
  await until(() => source.counters.connections === 3, 'the third')
  await isClosed(await client('::1'))
  test.match(source.counters, { connections: 3, connectionsOpen: 3, connectionsRefused: 2 })
  kept[0].destroy()
  await until(() => source.counters.connectionsOpen === 2, 'room')
  const fourth = await client()
  await until(() => source.counters.connections === 4, 'the fourth')
  for (const socket of [...kept, fourth]) socket.destroy()
  await source.close()
})

t.test('closes connections that never send or fall silent, and no other', async test => {
  const { sink, source, client } = await open({ firstByteMs: 100, idleMs: 400 })
  const mute = await client()
  const silent = await client()
  const speaker = await client()
  silent.write('<1>once\n')
  const speaking = setInterval(() => speaker.write('<2>again\n'), 20)
  await isClosed(mute)
  test.notOk(silent.destroyed)
  await isClosed(silent)
  test.notOk(speaker.destroyed)
  test.equal(source.counters.idleClosed, 2)
  clearInterval(speaking)
  speaker.destroy()
  await sink.receives('<1>once')
  await source.close()
})

t.test('close takes no more connections, delivers what is there, cuts those who do not mind it, and counts them', async test => {
  const { sink, source, client } = await open({ drainMs: 100 })
  const polite = await client()
  const stubborn = connect({ port: portOf(source.address), host: '127.0.0.1', allowHalfOpen: true })
  await once(stubborn, 'connect')
  stubborn.on('error', () => stubborn.destroy())
  await until(() => source.counters.connectionsOpen === 2, 'both')
  const ended = once(polite.resume(), 'end')
  polite.write('<1>unterminated')
  stubborn.write('<2>whole\n<3>unterminated')
  await source.close()
  test.same(
    sink.received.sort(),
    ['127.0.0.1 !cut-short', '127.0.0.1 <1>unterminated', '127.0.0.1 <2>whole'],
    'half a line of a sender that may have gone on is no message',
  )
  await ended
  test.match(source.counters, { connectionsCut: 1, bytesCut: 0 })
  await test.rejects(client())
  stubborn.destroy()
})

t.test('fails on an address that is in use', async test => {
  const { sink, source } = await open()
  await test.rejects(openSyslogTcp({ host: '::', port: portOf(source.address), sink }), { code: 'listen-failed' })
  await source.close()
})
