import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import * as x509 from '../../lib/x509.ts'
import { portOf, TestSink, until } from '../test-sink.ts'
import { openSyslogTls, type SyslogTlsOptions } from './syslog-tls.ts'
import { ensureOwnCertificate, makeCertificate, type TlsFiles } from './tls-certificate.ts'

const now = new Date()

async function open(test: { testdir(): string }, options: Partial<SyslogTlsOptions> & { clientCa?: string } = {}) {
  const sink = new TestSink()
  const own = await ensureOwnCertificate(join(test.testdir(), 'tls'), ['localhost', '127.0.0.1'], now)
  const files: TlsFiles = { ...own, clientCa: options.clientCa }
  const source = await openSyslogTls({ host: '::', port: 0, sink, files, ...options })
  const client = async (settings: ConnectionOptions = {}): Promise<TLSSocket> => {
    const ca = readFileSync(files.certificate)
    const socket = connect({ port: portOf(source.address), host: '127.0.0.1', ca, ...settings })
    const failed = once(socket, 'error').then(([error]) => {
      throw error
    })
    failed.catch(() => socket.destroy())
    await Promise.race([once(socket, 'secureConnect'), failed])
    return socket
  }
  return { sink, source, files, client }
}

t.test('receives over TLS 1.3 and 1.2, counted and in lines, from a client that trusts only our certificate', async test => {
  const { sink, source, client } = await open(test)
  const modern = await client()
  const old = await client({ maxVersion: 'TLSv1.2' })
  test.same([modern.getProtocol(), old.getProtocol()], ['TLSv1.3', 'TLSv1.2'])
  test.ok(modern.authorized)
  test.equal(modern.getPeerX509Certificate()?.fingerprint256, source.fingerprint)
  modern.write('11 <1>counted\n')
  old.write('<2>line\n')
  await sink.receives('<1>counted')
  await sink.receives('<2>line')
  test.same(sink.received.sort(), ['127.0.0.1 <1>counted', '127.0.0.1 <2>line'])
  test.match(source.counters, { connections: 2, connectionsOpen: 2, handshakesFailed: 0 })
  modern.destroy()
  old.destroy()
  await source.close()
  test.equal(source.counters.connectionsOpen, 0)
})

t.test('receives the same wherever the stream is split', async test => {
  const { sink, source, client } = await open(test)
  const stream = '4 <1>a4 <2>b\n12 <3>cc\nddeeff'
  for (let at = 1; at < stream.length; at++) {
    sink.received.length = 0
    const socket = await client()
    socket.write(stream.slice(0, at))
    socket.end(stream.slice(at))
    await until(() => sink.received.length >= 3, 'all messages')
    test.same(sink.received, ['127.0.0.1 <1>a', '127.0.0.1 <2>b', '127.0.0.1 <3>cc\nddeeff'], `at ${at}`)
  }
  await source.close()
})

t.test('refuses TLS 1.1, plain text and noise, and goes on', async test => {
  const { sink, source, client } = await open(test)
  await test.rejects(client({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }))
  for (const noise of ['<1>plain text\n', Buffer.alloc(4096, 0xff), '\x16\x03\x01\xff\xff']) {
    const socket = connectTcp(portOf(source.address), '127.0.0.1')
    socket.on('error', () => socket.destroy())
    socket.end(noise)
    await once(socket.resume(), 'close')
  }
  await until(() => source.counters.handshakesFailed === 4, 'all to be counted')
  const good = await client()
  good.end('<2>good\n')
  await sink.receives('<2>good')
  test.same(sink.received, ['127.0.0.1 <2>good'])
  await source.close()
})

t.test('closes at the deadline a connection without a handshake, and no other', async test => {
  const { sink, source, client } = await open(test, { handshakeMs: 100, limits: { firstByteMs: 400 } })
  const mute = connectTcp(portOf(source.address), '127.0.0.1')
  mute.on('error', () => mute.destroy())
  const secured = await client()
  const speaker = await client()
  speaker.write('<1>first\n')
  await until(() => mute.destroyed, 'the end of the mute')
  test.equal(source.counters.handshakesFailed, 1)
  test.notOk(secured.destroyed)
  secured.resume()
  await until(() => secured.destroyed, 'the close of a silent connection after its handshake')
  test.equal(source.counters.idleClosed, 1)
  speaker.write('<2>second\n')
  await sink.receives('<2>second')
  speaker.destroy()
  await source.close()
})

async function authority(name: string) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const validity = {
    notBefore: new Date(now.getTime() - 60_000),
    notAfter: new Date(now.getTime() + 3_600_000),
    signingAlgorithm: algorithm,
  }
  const make = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const keys = await make()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: `CN=${name}`,
    serialNumber: '01',
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  const issue = async () => {
    const clientKeys = await make()
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity,
      subject: 'CN=gateway',
      issuer: `CN=${name}`,
      serialNumber: '02',
      publicKey: clientKeys.publicKey,
      signingKey: keys.privateKey,
    })
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', clientKeys.privateKey))
    return { cert: certificate.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n` }
  }
  return { pem: ca.toString('pem'), issue }
}

t.test('accepts only gateways with a certificate of the CA that the member named', async test => {
  const right = await authority('right')
  const wrong = await authority('wrong')
  const clientCa = join(test.testdir(), 'ca.pem')
  writeFileSync(clientCa, right.pem)
  const sink = new TestSink()
  const made = await makeCertificate(['localhost'], now)
  const files = { certificate: join(test.testdirName, 'a.crt'), key: join(test.testdirName, 'a.key'), clientCa }
  writeFileSync(files.certificate, made.certificate)
  writeFileSync(files.key, made.key)
  const source = await openSyslogTls({ host: '127.0.0.1', port: 0, sink, files })
  const speak = (settings: ConnectionOptions, text: string) => {
    const socket = connect({ port: portOf(source.address), host: '127.0.0.1', ca: made.certificate, servername: 'localhost', ...settings })
    socket.on('error', () => socket.destroy())
    socket.end(text)
    return socket
  }
  const strangers = [
    {},
    await wrong.issue(),
    { ...(await wrong.issue()), maxVersion: 'TLSv1.2' as const },
    { maxVersion: 'TLSv1.2' as const },
  ]
  for (const stranger of strangers) {
    const socket = speak(stranger, '<1>stranger\n').resume()
    await until(() => socket.destroyed, 'the end of a stranger')
  }
  await until(() => source.counters.handshakesFailed === strangers.length, 'all to be counted')
  speak(await right.issue(), '<2>known\n')
  speak({ ...(await right.issue()), maxVersion: 'TLSv1.2' }, '<3>known\n')
  await sink.receives('<2>known')
  await sink.receives('<3>known')
  test.same(sink.received.sort(), ['127.0.0.1 <2>known', '127.0.0.1 <3>known'])
  await source.close()
})

t.test('shows a new certificate once it is there, keeps connections, and keeps the old one while the new is broken', async test => {
  const changes: string[] = []
  const { sink, source, files, client } = await open(test, {
    pollMs: 20,
    onCertificateChange: material => changes.push(material.fingerprint),
    onCertificateError: failure => changes.push(failure.code),
  })
  const before = source.fingerprint
  const kept = await client()
  writeFileSync(files.certificate, 'not a certificate')
  await until(() => changes.length === 1, 'the broken file to be reported')
  test.same(changes, ['certificate-unreadable'])
  test.equal(source.fingerprint, before)
  const still = await client({ ca: undefined, rejectUnauthorized: false } as ConnectionOptions)
  test.equal(still.getPeerX509Certificate()?.fingerprint256, before)
  still.destroy()
  const next = await makeCertificate(['localhost', '127.0.0.1'], now)
  writeFileSync(files.key, next.key)
  writeFileSync(files.certificate, next.certificate)
  await until(() => source.fingerprint !== before, 'the new certificate')
  const fresh = await client()
  test.equal(fresh.getPeerX509Certificate()?.fingerprint256, source.fingerprint)
  await test.rejects(client({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }))
  kept.write('<1>kept\n')
  fresh.write('<2>fresh\n')
  await sink.receives('<1>kept')
  await sink.receives('<2>fresh')
  test.equal(changes.at(-1), source.fingerprint)
  kept.destroy()
  fresh.destroy()
  await source.close()
})

t.test('takes no more connections than it may', async test => {
  const { source, client } = await open(test, { limits: { connectionsPerPeerMax: 1 } })
  const first = await client()
  await test.rejects(client())
  test.match(source.counters, { connections: 1, connectionsRefused: 1, handshakesFailed: 0 })
  first.destroy()
  await until(() => source.counters.connectionsOpen === 0, 'room')
  const second = await client()
  second.destroy()
  await source.close()
})

t.test('close delivers what is there, ends connections as TLS says, and counts those that it has to cut', async test => {
  const { sink, source, client } = await open(test, { limits: { drainMs: 100 } })
  const socket = await client()
  const mute = connectTcp(portOf(source.address), '127.0.0.1')
  mute.on('error', () => mute.destroy())
  await once(mute, 'connect')
  const deaf = await client()
  deaf.pause()
  await until(() => source.counters.connectionsOpen === 3, 'all')
  socket.write('<1>whole\n<2>unterminated')
  deaf.write('<3>whole\n<4>half of a')
  const ended = once(socket.resume(), 'end')
  await source.close()
  await ended
  test.same(sink.received.sort(), ['127.0.0.1 !cut-short', '127.0.0.1 <1>whole', '127.0.0.1 <2>unterminated', '127.0.0.1 <3>whole'])
  test.match(source.counters, { connectionsOpen: 0, connectionsCut: 2 })
  deaf.destroy()
})

t.test('a certificate that cannot be read stops it from opening, and leaves no socket behind', async test => {
  const sink = new TestSink()
  const { files, source } = await open(test)
  const port = portOf(source.address)
  await source.close()
  await test.rejects(openSyslogTls({ host: '::', port, sink, files: { ...files, key: files.certificate } }), {
    code: 'certificate-unreadable',
  })
  const again = await openSyslogTls({ host: '::', port, sink, files })
  await test.rejects(openSyslogTls({ host: '::', port, sink, files }), { code: 'listen-failed' })
  await again.close()
})
