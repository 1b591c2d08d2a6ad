import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import * as z from 'zod'
import { catalogOf } from '../arrivals/hours.ts'
import { startCentral } from '../central.ts'
import {
  enrolBox,
  type Identity,
  makeBatch,
  makeChain,
  makeCsr,
  newKey,
  type PostOptions,
  post,
  send,
  targetOf,
  zeroHash,
} from '../test-box.ts'
import { issueDevice, makeAuthority, pinOf } from '../trust/certificates.ts'

const dir = t.testdir()
const folder = join(dir, 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())
const box = await enrolBox(target, await central.makeCode())

/** What central answers to raw bytes; '' if it closes without a word. */
const raw = (bytes: string, options: object = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: central.port, servername: 'localhost', ca: target.authority, ...options })
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.once('secureConnect', () => socket.write(bytes))
    socket.once('error', reject)
    socket.once('close', () => resolve(text))
  })

t.test('shows a chain that ends in the pinned key, and stands for the names boxes use', async t => {
  const [pin] = central.pins
  t.equal(pinOf(target.authority), pin)
  for (const servername of ['localhost', '127.0.0.1', '::1']) {
    const socket = connect({
      host: '127.0.0.1',
      port: central.port,
      ca: target.authority,
      ...(servername === 'localhost' && { servername }),
    })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    t.ok(socket.authorized)
    t.equal(socket.getProtocol(), 'TLSv1.3')
    const leaf = socket.getPeerX509Certificate()
    t.ok(servername === 'localhost' ? leaf?.checkHost(servername) : leaf?.checkIP(servername), servername)
    const shown = socket.getPeerCertificate(true).issuerCertificate
    t.equal(pinOf(new X509Certificate(shown.raw).toString()), pin)
    socket.destroy()
  }
})

t.test('refuses a client that knows no TLS 1.3', async t => {
  await t.rejects(raw('', { maxVersion: 'TLSv1.2' }), { code: /PROTOCOL_VERSION/ })
})

t.test('lets nobody but enrolment in without a certificate, and reads no body first', async t => {
  for (const path of ['/v1/batches', '/v1/renew']) {
    const { status, body, headers } = await post(target, path, Buffer.alloc(100))
    t.equal(status, 401)
    t.equal(body.code, 'certificate-required')
    t.equal(headers.connection, 'close')
  }
  const answer = await raw(
    'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 4000000\r\n\r\n',
  )
  t.match(answer, /^HTTP\/1\.1 401 /, 'answered although not one byte of the body came')
})

t.test('refuses certificates that this central did not issue or does not have on file', async t => {
  const own = { privateKey: createPrivateKey(readFileSync(join(folder, 'authority.pem'))), certificate: target.authority }
  const stranger = await makeAuthority(newKey(), Date.now())
  const identity = async (authority: typeof own): Promise<Identity> => {
    const key = newKey()
    return { key, certificate: await issueDevice(authority, createPublicKey(key), box.device, Date.now()) }
  }
  const server = readFileSync(join(folder, 'server.pem'))
  const identities = {
    'of another authority of the same name': await identity(stranger),
    'not on file': await identity(own),
    'of the server itself': { key: createPrivateKey(server), certificate: new X509Certificate(server).toString() },
    'of the authority itself': { key: own.privateKey, certificate: own.certificate },
  }
  for (const [name, identity] of Object.entries(identities)) {
    const { status, body } = await post(target, '/v1/batches', (await makeBatch(box, 1, zeroHash)).bytes, { identity })
    t.equal(status, 401, name)
    t.equal(body.code, 'certificate-unknown', name)
  }
  t.equal((await central.stats()).batches, 0)
})

t.test('a resumed TLS session is the same device, and is not let in when that was revoked', async t => {
  const other = await enrolBox(target, await central.makeCode())
  const options = { cert: other.certificate, key: other.key.export({ type: 'pkcs8', format: 'pem' }) }
  let session: Buffer | undefined
  const exchange = () =>
    new Promise<{ reused: boolean; text: string }>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: central.port,
        servername: 'localhost',
        ca: target.authority,
        ...options,
        ...(session && { session }),
      })
      let text = ''
      let reused = false
      socket.on('session', (fresh: Buffer) => {
        session = fresh
      })
      socket.on('data', chunk => {
        text += chunk
      })
      socket.once('secureConnect', () => {
        reused = socket.isSessionReused()
        socket.write(
          'POST /v1/batches HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/octet-stream\r\ncontent-length: 1\r\n\r\nx',
        )
      })
      socket.once('error', reject)
      socket.once('close', () => resolve({ reused, text }))
    })
  t.match(await exchange(), { reused: false, text: /"batch-malformed"/ })
  t.match(await exchange(), { reused: true, text: /"batch-malformed"/ })
  await central.revoke(other.device)
  t.match(await exchange(), { reused: true, text: /"certificate-revoked"/ })
})

t.test('answers in its own words whatever comes', async t => {
  const csr = await makeCsr(newKey())
  const enrolment = { code: 'AAAA', csr }
  const cases: [path: string, body: object | Uint8Array | string, options: PostOptions, status: number, code: string][] = [
    ['/', '', {}, 404, 'no-such-route'],
    ['/v1/enrol/../../etc/passwd', '', {}, 404, 'no-such-route'],
    ['/v1/enrol%', '', {}, 404, 'no-such-route'],
    ['/v1/enrol', '', { method: 'GET' }, 404, 'no-such-route'],
    ['/v1/batches', '', { method: 'DELETE', identity: box }, 404, 'no-such-route'],
    ['/v1/enrol', enrolment, { type: 'text/xml' }, 415, 'body-type-wrong'],
    ['/v1/enrol', enrolment, { type: 'application/octet-stream' }, 400, 'body-malformed'],
    ['/v1/enrol', '', {}, 400, 'body-malformed'],
    ['/v1/enrol', `{"code":"${'x'.repeat(17_000)}"}`, {}, 413, 'body-too-large'],
    ['/v1/batches', {}, { identity: box }, 415, 'body-type-wrong'],
    ['/v1/batches', Buffer.alloc(0), { identity: box }, 400, 'batch-malformed'],
    ['/v1/batches', Buffer.from('garbage'), { identity: box }, 400, 'batch-malformed'],
    ['/v1/batches', Buffer.alloc(4 * 1024 * 1024, 0x91), { identity: box }, 400, 'batch-malformed'],
    ['/v1/batches', Buffer.alloc(4 * 1024 * 1024 + 1), { identity: box }, 413, 'body-too-large'],
    ['/v1/enrol', enrolment, { headers: { 'x-large': 'x'.repeat(9000) } }, 431, 'headers-too-large'],
  ]
  for (const [path, body, options, status, code] of cases) {
    const answer = await post(target, path, body, options)
    t.equal(answer.body.code, code, `${options.method ?? 'POST'} ${path}`)
    t.equal(answer.status, status)
    t.same(Object.keys(answer.body), ['code', 'message'])
    t.notMatch(JSON.stringify(answer.body), /node_modules|\.ts|Error/, 'nothing of the inside')
  }
})

t.test('a body that grows beyond its bound without saying so is cut off', async t => {
  const { key, certificate } = box
  const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`
  const head = 'POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  const answer = await raw(head + chunk.repeat(66), { cert: certificate, key: key.export({ type: 'pkcs8', format: 'pem' }) }).catch(String)
  t.match(answer, /^HTTP\/1\.1 413 |ECONNRESET|EPIPE/)
  t.equal((await send(box, await makeBatch(box, 1, zeroHash))).status, 200, 'central goes on')
})

t.test('what is not HTTP gets a 400, and the connection is closed', async t => {
  for (const bytes of [
    '\0\0\0\0\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'POST /v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
  ]) {
    const answer = await raw(bytes)
    t.match(answer, /^HTTP\/1\.1 400 /)
    t.match(answer, /"code":"request-malformed"/)
  }
})

t.test('a failure of central is answered with 500 and no detail, and reported to its operator', async t => {
  const reported: unknown[] = []
  const broken = await startCentral({ folder: join(dir, 'broken'), report: error => reported.push(error) })
  const brokenTarget = targetOf(broken, join(dir, 'broken'))
  const other = await enrolBox(brokenTarget, await broken.makeCode())
  const [first, second] = await makeChain(other, 2)
  t.equal((await send(other, first)).status, 200)
  const [{ hour }] = await broken.read(z.object({ hour: z.string() }), 'SELECT hour FROM arrivals.batches')
  await broken.read(z.unknown(), `DROP TABLE "${catalogOf(hour)}".events`)
  const { status, body, headers } = await send(other, second)
  t.equal(status, 500)
  t.same(Object.keys(body), ['code', 'message'])
  t.equal(body.code, 'central-failed')
  t.equal(headers['retry-after'], '30')
  t.match(reported, [{ message: /events/ }])
  await broken.close()
})
