// What one caller can take from the others, over real sockets: places for requests, connections, and time.
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import * as z from 'zod'
import { until } from '../../agent/testing/harness.ts'
import { startCentral } from '../central.ts'
import { holdConnections, holdPlace } from '../test-attacks.ts'
import { type Box, enrolBox, makeBatch, post, send, targetOf, zeroHash } from '../test-box.ts'

t.setTimeout(240_000)
const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())
const newBox = async (member: string): Promise<Box> => enrolBox(target, await central.makeCode(member))

const inFlight = async () => (await central.limits()).requests.devices
const free = (calls: readonly ClientRequest[]) => {
  for (const call of calls) call.destroy()
  return until(inFlight, count => count === 0)
}

t.test('a member with many boxes cannot hold all places with slow bodies', async t => {
  const boxes = await Promise.all(Array.from({ length: 4 }, () => newBox('greedy')))
  const other = await newBox('other')
  const answers: number[] = []
  const calls = boxes.flatMap(box => Array.from({ length: 8 }, () => holdPlace(box, status => answers.push(status))))
  await until(
    async () => [await inFlight(), answers.length],
    ([held, refused]) => held + refused === 32,
  )
  t.equal(await inFlight(), 12)
  t.ok(
    answers.every(status => status === 429 || status === 503),
    'its boxes make room for each other',
  )
  t.equal((await send(other, await makeBatch(other, 1, zeroHash))).status, 200)
  t.ok((await central.limits()).refusals['member-busy'] > 0)
  await free(calls)
})

t.test('when several members hold all places, a slow body gives way to whoever waits', async t => {
  const members: Box[] = []
  for (let i = 0; i < 24; i++) members.push(await newBox(`slow ${i}`))
  const answers: number[] = []
  const calls = members.map(box => holdPlace(box, status => answers.push(status)))
  await until(inFlight, count => count === 24)
  const other = await newBox('waiting')
  const batch = await makeBatch(other, 1, zeroHash)
  const early = await send(other, batch)
  t.same([early.status, early.body.code], [429, 'address-busy'], 'all come from one address here, and none was slow yet')
  const late = await until(
    () => send(other, batch),
    ({ status }) => status === 200,
  )
  t.equal(late.status, 200)
  await until(
    () => answers,
    ({ length }) => length > 0,
  )
  t.same([...new Set(answers)], [503])
  t.ok((await central.limits()).refusals['gave-way'] > 0)
  await free(calls)
})

t.test('thousands of idle connections turn no device away, from elsewhere or from the same address', async t => {
  const device = await newBox('elsewhere')
  const batch = await makeBatch(device, 1, zeroHash)
  for (const address of ['127.0.0.2', '127.0.0.1']) {
    const stop = holdConnections(central.port, 2050, address)
    await until(
      () => central.limits(),
      ({ connections }) => connections.gaveWay > 0,
    )
    for (let i = 0; i < 5; i++) {
      t.equal((await send(device, batch)).status, 200, `beside those of ${address}`)
      await sleep(100)
    }
    t.ok((await central.limits()).connections.open <= 600)
    stop()
    await until(
      () => central.limits(),
      ({ connections }) => connections.open < 50,
    )
  }
})

t.test('a connection that nothing is asked on is closed soon, with TLS or without', async t => {
  const plain = connect(central.port, '127.0.0.1')
  const tls = connectTls({ port: central.port, host: '127.0.0.1', servername: 'localhost', ca: target.authority })
  const begun = performance.now()
  for (const socket of [plain, tls]) {
    socket.on('error', () => undefined)
    socket.resume()
  }
  await Promise.all([once(plain, 'close'), once(tls, 'close')])
  t.ok(performance.now() - begun < 45_000, 'a device may be idle for 75 seconds')
})

t.test('a device whose requests are refused again and again waits, and others do not', async t => {
  const [broken, other] = [await newBox('broken'), await newBox('whole')]
  const codes: unknown[] = []
  // one more is looked at every second, and this machine may be slow
  while (codes.length < 1000 && codes.at(-1) !== 'refused-too-often')
    codes.push((await post(target, '/v1/batches', Buffer.from('x'), { identity: broken })).body.code)
  t.equal(codes[0], 'batch-malformed')
  t.ok(codes.length > 100)
  t.equal(codes.at(-1), 'refused-too-often')
  t.equal((await send(other, await makeBatch(other, 1, zeroHash))).status, 200)
})

t.test('thousands of requests in one go on one connection are not thousands under way', async t => {
  const [hasty, other] = [await newBox('hasty'), await newBox('patient')]
  const totalRefused = async () => Object.values((await central.limits()).refusals).reduce((sum, count) => sum + count, 0)
  const before = await totalRefused()
  const key = hasty.key.export({ type: 'pkcs8', format: 'pem' })
  const asked = 'POST /v1/renew HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n'
  for (const identity of [{}, { cert: hasty.certificate, key }])
    for (const expecting of ['', 'Expect: 100-continue\r\n', 'Expect: nothing\r\n']) {
      const socket = connectTls({ port: central.port, host: '127.0.0.1', servername: 'localhost', ca: target.authority, ...identity })
      const closed = new Promise(resolve => socket.once('close', resolve))
      socket.on('error', () => undefined)
      socket.resume()
      await once(socket, 'secureConnect')
      socket.write(`${asked}${expecting}\r\n{}`.repeat(5000))
      await closed
    }
  t.ok((await totalRefused()) - before <= 12, 'the connection is closed at the second')
  t.equal((await send(other, await makeBatch(other, 1, zeroHash))).status, 200)
})

t.test('a device with many connections asks the database for its certificate once at a time', async t => {
  const busy = await newBox('busy')
  const key = busy.key.export({ type: 'pkcs8', format: 'pem' })
  const asked = 'POST /v1/renew HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  let answers = 0
  const sockets = Array.from({ length: 60 }, () => {
    const socket = connectTls({
      port: central.port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: target.authority,
      cert: busy.certificate,
      key,
    })
    socket.on('error', () => undefined)
    socket.on('data', () => {
      answers++
      socket.write(asked)
    })
    return socket
  })
  await Promise.all(sockets.map(socket => once(socket, 'secureConnect')))
  for (const socket of sockets) socket.write(asked)
  const open: number[] = []
  const shape = z.object({ count: z.bigint().transform(Number) })
  while (answers < 300) open.push((await central.read(shape, 'SELECT count FROM duckdb_connection_count()'))[0].count)
  for (const socket of sockets) socket.destroy()
  // one writes, one asks here, some read what eight requests at most are about
  t.ok(Math.max(...open) < 30, `${Math.max(...open)} at most`)
})
