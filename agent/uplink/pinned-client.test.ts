// What comes back from central is bounded and checked, whoever answers: real TLS servers that hold the pinned key and misbehave.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import t from 'tap'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { pinOf } from './anchor.ts'
import { openCentral } from './pinned-client.ts'

t.setTimeout(30_000)
const now = new Date()
const own = await makeCertificate(['localhost'], now)
const pin = pinOf(new X509Certificate(own.certificate))
const otherPin = `sha256/${Buffer.alloc(32, 7).toString('base64')}`

type Handler = (request: IncomingMessage, answer: ServerResponse) => void

async function serve(t: { teardown(done: () => void): unknown }, handler: Handler, options: ServerOptions = {}): Promise<string> {
  const server = createServer({ cert: own.certificate, key: own.key, ...options }, handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function ask(url: string, pins: readonly string[] = [pin], body: object | Uint8Array = { question: 1 }) {
  const client = await openCentral({ url, pins, proxy: '' })
  try {
    return await client.post('/v1/any', body)
  } finally {
    await client.close()
  }
}

t.test('gives the answer of any status, with the seconds that central asks to wait', async t => {
  let header = ''
  let asked = ''
  const url = await serve(t, (request, answer) => {
    asked = `${request.method} ${request.url} ${request.headers['content-type']}`
    answer.writeHead(503, header === '' ? {} : { 'retry-after': header }).end('{"code":"busy"}')
  })
  t.match(await ask(url), { status: 503, retryAfterSeconds: 0, body: { code: 'busy' } })
  t.equal(asked, 'POST /v1/any application/json')
  header = '17'
  t.equal((await ask(url, [pin], Buffer.from('x'))).retryAfterSeconds, 17)
  t.equal(asked, 'POST /v1/any application/octet-stream')
  header = new Date(Date.now() + 100_000).toUTCString()
  const seconds = (await ask(url)).retryAfterSeconds
  t.ok(seconds > 90 && seconds <= 100, `a date is ${seconds} s`)
  for (header of ['soon', '-5', new Date(0).toUTCString()]) t.equal((await ask(url)).retryAfterSeconds, 0, header)
})

t.test('an answer that is no JSON is no answer, and one without end is not read to its end', async t => {
  let body: Buffer = Buffer.from('<html>')
  const url = await serve(t, (_request, answer) => answer.end(body))
  t.equal((await ask(url)).body, undefined)
  body = Buffer.alloc(300 * 1024, 0x20)
  await t.rejects(ask(url), { code: 'central-unreachable', message: /size/i })
})

t.test('gets a file in a stream, from where it is to go on, and never more than it may have', async t => {
  let asked: IncomingMessage['headers'] = {}
  let body = Buffer.from('0123456789')
  let isCut = false
  const url = await serve(t, (request, answer) => {
    asked = { ...request.headers, method: request.method }
    answer
      .writeHead(206, { etag: '"e"', ...(isCut ? { 'content-length': '99' } : {}) })
      .write(body, () => (isCut ? answer.destroy() : answer.end()))
  })
  const client = await openCentral({ url, pins: [pin], proxy: '' })
  t.teardown(() => client.close())
  const read = async (mostBytes: number, more = {}) => {
    const got = await client.get('/v1/updates/a', { mostBytes, ...more })
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of got.stream) chunks.push(chunk)
    } finally {
      got.close()
    }
    return { status: got.status, etag: got.etag, text: Buffer.concat(chunks).toString() }
  }
  t.same(await read(10), { status: 206, etag: '"e"', text: '0123456789' })
  t.match(asked, { method: 'GET', range: undefined, 'if-range': undefined })
  await read(10, { from: 5, etag: '"e"' })
  t.match(asked, { range: 'bytes=5-', 'if-range': '"e"' })
  await read(10, { from: 5 })
  t.equal(asked.range, undefined, 'what may be another file is not continued')
  await t.rejects(read(9), { code: 'central-unreachable', message: /max size/ })
  body = Buffer.alloc(3_000_000, 1)
  t.equal((await read(3_000_000)).text.length, 3_000_000)
  isCut = true
  body = Buffer.from('01234')
  await t.rejects(read(99), { code: 'central-unreachable' })
  await t.rejects(read(99, { signal: AbortSignal.abort(new Error('stopped')) }), { message: /stopped/ })
})

t.test('follows no redirect to another server', async t => {
  let elsewhere = 0
  const other = await serve(t, (_request, answer) => {
    elsewhere++
    answer.end('{}')
  })
  const url = await serve(t, (_request, answer) => answer.writeHead(307, { location: `${other}/v1/any` }).end())
  t.equal((await ask(url)).status, 307)
  t.equal(elsewhere, 0)
})

t.test('takes the next pin as well as the present one, and nothing without a pin', async t => {
  let requests = 0
  const url = await serve(t, (_request, answer) => {
    requests++
    answer.end('{}')
  })
  t.equal((await ask(url, [otherPin, pin])).status, 200)
  for (const pins of [[otherPin], []]) await t.rejects(ask(url, pins), { code: 'central-not-trusted' })
  t.equal(requests, 1, 'the untrusted server was sent nothing')
})

t.test('speaks TLS 1.3 or not at all', async t => {
  let requests = 0
  const url = await serve(t, () => requests++, { maxVersion: 'TLSv1.2' })
  await t.rejects(ask(url), { code: 'central-not-trusted' })
  t.equal(requests, 0)
})

t.test('reports a server that is not there, and one that speaks no TLS', async t => {
  const closed = createTcpServer()
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise(resolve => closed.close(resolve))
  await t.rejects(ask(`https://localhost:${port}`), { code: 'central-unreachable', message: /ECONNREFUSED/ })
  const plain = createTcpServer(socket => socket.on('error', () => socket.destroy()).end('220 mail.example ESMTP\r\n'))
  await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
  t.teardown(() => plain.close())
  await t.rejects(ask(`https://localhost:${(plain.address() as AddressInfo).port}`), { code: 'central-not-trusted' })
})

t.test(
  'a proxy that opens a tunnel for the look at central and none for the request is told apart from a central that is away',
  async t => {
    let requests = 0
    const url = await serve(t, () => requests++)
    let tunnels = 0
    const proxy = createHttpServer()
    proxy.on('connect', (_request, client: Socket) => {
      client.on('error', () => client.destroy())
      if (++tunnels > 1) return void client.end('HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n')
      const central = connect(Number(new URL(url).port), 'localhost', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
      central.on('error', () => central.destroy())
      client.pipe(central).pipe(client)
    })
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
    t.teardown(() => proxy.close())
    const client = await openCentral({ url, pins: [pin], proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
    t.teardown(() => client.close())
    await t.rejects(client.post('/v1/any', {}), { code: 'proxy-refused', message: /403/ })
    t.same([tunnels, requests], [2, 0])
  },
)

t.test('a server that shows another certificate once it was looked at gets nothing', async t => {
  const imitation = await makeCertificate(['localhost'], now)
  let requests = 0
  const server = createServer({ cert: own.certificate, key: own.key }, (_request, answer) => {
    requests++
    answer.end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const client = await openCentral({ url: `https://localhost:${(server.address() as AddressInfo).port}`, pins: [pin], proxy: '' })
  server.setSecureContext({ cert: imitation.certificate, key: imitation.key })
  await t.rejects(client.post('/v1/any', {}), { code: 'central-not-trusted' })
  t.equal(requests, 0)
  await client.close()
})

t.test('an abort does not wait for a silent central or proxy', async t => {
  const silent = createTcpServer(socket => socket.on('error', () => socket.destroy()))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  for (const proxy of ['', `http://127.0.0.1:${port}`]) {
    const ending = new AbortController()
    const connected = once(silent, 'connection')
    const looking = openCentral({ url: `https://127.0.0.1:${port}`, pins: [pin], proxy }, undefined, ending.signal)
    const [socket] = (await connected) as [Socket]
    ending.abort()
    const begun = performance.now()
    await t.rejects(looking)
    t.ok(performance.now() - begun < 5000, 'long before the 15 s that central has')
    socket.destroy()
  }
  silent.close()
})
