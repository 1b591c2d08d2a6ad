// When a request counts as answered: over a real socket, to somebody who reads nothing.
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { onAnswered } from './guard-connections.ts'

/** More than the buffers of both ends hold. */
const LARGE = Buffer.alloc(64 * 1024 * 1024)

t.test('who does not read an answer holds nothing that the request held', async t => {
  const server = createServer()
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  t.teardown(() => socket.destroy())
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const response = await new Promise<ServerResponse>(resolve => server.once('request', (_request, response) => resolve(response)))
  let times = 0
  onAnswered(response, () => {
    times++
  })
  response.write('begun')
  t.equal(times, 0)
  response.end(LARGE)
  t.equal(times, 1)
  t.equal(response.writableFinished, false, 'it lies in memory')
  const closed = new Promise(resolve => response.once('close', resolve))
  socket.destroy()
  await closed
  t.equal(times, 1, 'once only')
})

t.test('a request whose caller goes away holds nothing either', async t => {
  const server = createServer()
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const response = await new Promise<ServerResponse>(resolve => server.once('request', (_request, response) => resolve(response)))
  const answered = new Promise<void>(resolve => onAnswered(response, resolve))
  socket.destroy()
  await answered
  t.pass()
})
