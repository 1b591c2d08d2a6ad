// A central that was taken over has the pinned key, and answers as it likes: over real TLS, byte by byte, without end. Each attempt
// has an end all the same, in time and in size, and it says what came.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer as createTcpServer } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { pinOf } from './anchor.ts'
import { type Limits, openCentral } from './pinned-client.ts'

t.setTimeout(60_000)
const own = await makeCertificate(['localhost'], new Date())
const pin = pinOf(new X509Certificate(own.certificate))
const limits = { openMs: 10_000, answerMs: 10_000, answerBytes: 64 * 1024 }
/** Where the deadline is what ends it: short, so that the test is. */
const short = { ...limits, answerMs: 500 }
/** Far beyond the deadline, and far below what would be endless. */
const LATE_MS = 20_000
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

async function listen(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket.on('error', () => undefined))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A central that does this once a request came. */
async function hostile(t: Test, play: (socket: TLSSocket) => void): Promise<string> {
  const server = createServer({ cert: own.certificate, key: own.key }, socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => play(socket))
  })
  return `https://localhost:${await listen(t, server)}`
}

/** Writes pieces as fast as they are taken, or one in each `everyMs`; gives how many bytes went out. */
function write(socket: TLSSocket, first: string, piece: string, everyMs = 0) {
  const count = { bytes: 0 }
  socket.write(first)
  const more = () => {
    if (socket.destroyed) return
    count.bytes += piece.length
    const isTaken = socket.write(piece)
    if (everyMs > 0) setTimeout(more, everyMs)
    else if (isTaken) setImmediate(more)
    else socket.once('drain', more)
  }
  more()
  return count
}

async function ask(t: Test, url: string, within: Limits, proxy = '') {
  const begun = performance.now()
  const client = await openCentral({ url, pins: [pin], proxy }, undefined, undefined, within)
  try {
    return await client.post('/v1/batches', Buffer.from('batch'))
  } finally {
    await client.close()
    t.ok(performance.now() - begun < LATE_MS, 'in time')
  }
}

const slow: Readonly<Record<string, readonly [first: string, piece: string]>> = {
  'an answer of which a byte comes at a time': [`${OK}content-length: 100000\r\n\r\n`, ' '],
  'a header of which a byte comes at a time': [OK, 'x'],
  'one interim answer after the other': ['', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
  'one "continue" after the other': ['', 'HTTP/1.1 100 Continue\r\n\r\n'],
  'chunks of one byte': [`${OK}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  'nothing at all': ['', ''],
}
for (const [name, [first, piece]] of Object.entries(slow))
  t.test(`${name}: the attempt ends at its deadline`, async t => {
    const url = await hostile(t, socket => write(socket, first, piece, 50))
    await t.rejects(ask(t, url, short), { code: 'central-unreachable' })
  })

const large: Readonly<Record<string, readonly [first: string, piece: string]>> = {
  'an answer without end': [`${OK}content-length: 100000000\r\n\r\n`, ' '.repeat(4096)],
  'interim answers without end': ['', `HTTP/1.1 103 Early Hints\r\nlink: <${'x'.repeat(4000)}>\r\n\r\n`],
  'headers without end': [OK, `x-more: ${'x'.repeat(4000)}\r\n`],
  'a status line without end': ['HTTP/1.1 200 ', 'x'.repeat(4096)],
  'chunks without end': [`${OK}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'.repeat(800)],
  'extensions of a chunk without end': [`${OK}transfer-encoding: chunked\r\n\r\n1;`, 'x'.repeat(4096)],
  'trailers without end': [`${OK}transfer-encoding: chunked\r\n\r\n0\r\n`, `x-more: ${'x'.repeat(4000)}\r\n`],
  'a redirection with a body without end': [
    'HTTP/1.1 307 Go\r\nlocation: /v1/batches\r\ncontent-length: 100000000\r\n\r\n',
    ' '.repeat(4096),
  ],
}
for (const [name, [first, piece]] of Object.entries(large))
  t.test(`${name}: the attempt ends at its limit of bytes`, async t => {
    let sent = { bytes: 0 }
    const url = await hostile(t, socket => {
      sent = write(socket, first, piece)
    })
    await t.rejects(ask(t, url, limits), { code: 'central-unreachable' })
    // what the kernel and TLS have room for is sent before anyone reads
    t.ok(sent.bytes < 16 * 1024 * 1024, `${sent.bytes} bytes were sent`)
  })

t.test('the limit is for each answer: many of them, one after the other on one connection, are within it', async t => {
  const body = JSON.stringify({ pad: 'x'.repeat(30_000) })
  const server = createServer({ cert: own.certificate, key: own.key }, socket => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(`${OK}content-length: ${body.length}\r\n\r\n${body}`))
  })
  const client = await openCentral(
    { url: `https://localhost:${await listen(t, server)}`, pins: [pin], proxy: '' },
    undefined,
    undefined,
    limits,
  )
  t.teardown(() => client.close())
  for (let i = 0; i < 5; i++) t.equal((await client.post('/v1/any', {})).status, 200)
})

t.test('a handshake of which nothing comes, or a byte at a time, ends too', async t => {
  const silent = createTcpServer(socket => {
    const timer = setInterval(() => socket.write('\x16'), 50)
    socket.on('close', () => clearInterval(timer))
  })
  const url = `https://localhost:${await listen(t, silent)}`
  const begun = performance.now()
  await t.rejects(openCentral({ url, pins: [pin], proxy: '' }, undefined, undefined, { ...limits, openMs: 500 }), /./)
  t.ok(performance.now() - begun < LATE_MS)
})

t.test('speaks HTTP/1.1, whatever the server would rather', async t => {
  const server = createServer({ cert: own.certificate, key: own.key, ALPNProtocols: ['h2', 'http/1.1'] }, socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(`${OK}content-length: 2\r\nconnection: close\r\n\r\n{}`))
    t.not(socket.alpnProtocol, 'h2')
  })
  t.equal((await ask(t, `https://localhost:${await listen(t, server)}`, limits)).status, 200)
})

t.test('an answer that goes on through a proxy ends as well, and the password of the proxy is in no text', async t => {
  const url = await hostile(t, socket => write(socket, `${OK}content-length: 100000\r\n\r\n`, ' ', 50))
  const proxy = createHttpServer().on('connect', (_request, client: Socket) => {
    const central = connect(Number(new URL(url).port), '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const one of [central, client]) one.on('error', () => one.destroy())
    client.pipe(central).pipe(client)
  })
  const port = await listen(t, proxy)
  const said = await ask(t, url, short, `http://box:open%2Fsesame@127.0.0.1:${port}`).catch((error: Error) => error)
  t.match(said, { code: 'central-unreachable', message: /no whole answer within/ })
  t.notMatch(String(said), /sesame/)
})

t.test('a proxy that never comes to its answer is given up', async t => {
  const proxy = createTcpServer(socket => {
    socket.write('HTTP/1.1 200 ')
    const timer = setInterval(() => socket.write('x'), 50)
    socket.on('close', () => clearInterval(timer))
  })
  const port = await listen(t, proxy)
  const address = { url: 'https://localhost:9', pins: [pin], proxy: `http://127.0.0.1:${port}` }
  await t.rejects(openCentral(address, undefined, undefined, { ...limits, openMs: 500 }), { code: 'central-unreachable' })
})

t.test('names in a certificate, of whatever length and letters, are short and visible in the failure', async t => {
  const other = await makeCertificate(['elsewhere.example'], new Date())
  const server = createServer({ cert: other.certificate, key: other.key }, socket => void socket.on('error', () => undefined))
  const url = `https://localhost:${await listen(t, server)}`
  const client = await openCentral({ url, pins: [pinOf(new X509Certificate(other.certificate))], proxy: '' })
  t.teardown(() => client.close())
  const said = await client.post('/v1/any', {}).catch((error: Error) => error)
  t.match(said, { code: 'central-not-trusted' })
  t.ok(String(said).length < 800)
  await once(server.close(), 'close').catch(() => undefined)
})
