import { createPublicKey, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Failure } from '../../errors.ts'
import { until } from '../test-sink.ts'
import { ensureOwnCertificate, makeCertificate, readTlsFiles, type TlsMaterial, watchTlsFiles } from './tls-certificate.ts'

const now = new Date('2026-11-20T12:00:00Z')
const folder = (test: { testdirName: string }) => join(test.testdirName, 'tls')

async function pairIn(directory: string, name: string) {
  const files = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) }
  const made = await makeCertificate([name], now)
  writeFileSync(files.certificate, made.certificate)
  writeFileSync(files.key, made.key)
  return files
}

t.test('makes a certificate of its own once, and keeps it', async test => {
  const files = await ensureOwnCertificate(folder(test), ['box.example.org', '192.0.2.5', '2001:db8::5'], now)
  const first = readTlsFiles(files)
  const certificate = new X509Certificate(first.certificate)
  test.equal(certificate.subjectAltName, 'DNS:box.example.org, IP Address:192.0.2.5, IP Address:2001:DB8:0:0:0:0:0:5')
  test.equal(certificate.subject, 'CN=box.example.org')
  test.equal(certificate.verify(createPublicKey(first.certificate)), true)
  test.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  test.equal(certificate.ca, true)
  test.ok(certificate.validFromDate < now)
  test.equal(first.notAfter.toISOString(), '2036-11-17T12:00:00.000Z')
  test.match(first.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  test.equal(statSync(files.key).mode & 0o777, 0o600)
  test.same(readdirSync(folder(test)).sort(), ['syslog.crt', 'syslog.json', 'syslog.json.copy', 'syslog.key'])
  const second = readTlsFiles(await ensureOwnCertificate(folder(test), ['other.example.org'], now))
  test.equal(second.fingerprint, first.fingerprint)
})

t.test('makes a whole pair where a power cut left half of one', async test => {
  const files = await ensureOwnCertificate(folder(test), ['box'], now)
  rmSync(files.certificate)
  readTlsFiles(await ensureOwnCertificate(folder(test), ['box'], now))
  rmSync(files.key)
  test.ok(readTlsFiles(await ensureOwnCertificate(folder(test), ['box'], now)).fingerprint)
})

t.test('a clock that is wrong on the first start costs no gateway its connection', async test => {
  for (const wrong of ['1970-01-01T00:00:10Z', '2027-11-20T12:00:00Z']) {
    const { validFromDate, validToDate } = new X509Certificate((await makeCertificate(['box'], new Date(wrong))).certificate)
    test.ok(validFromDate < now && validToDate > new Date('2035-01-01'), `${validFromDate} to ${validToDate}`)
  }
})

t.test('puts no name into a certificate that is none', async test => {
  const { certificate } = await makeCertificate(['a b', 'x'.repeat(64), '-a', 'caf\u00e9', ''], now)
  test.equal(new X509Certificate(certificate).subjectAltName, 'DNS:cyberalarm')
})

t.test('names the file and the fault where files are no use', async test => {
  const directory = test.testdir()
  const one = await pairIn(directory, 'one')
  const two = await pairIn(directory, 'two')
  const garbage = join(directory, 'garbage.pem')
  writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const large = join(directory, 'large.pem')
  writeFileSync(large, 'x'.repeat(300_000))
  const missing = join(directory, 'missing.pem')
  for (const [files, named, fault] of [
    [{ ...one, key: two.key }, two.key, 'is not the key of'],
    [{ ...one, certificate: garbage }, garbage, ''],
    [{ ...one, key: one.certificate }, one.certificate, ''],
    [{ ...one, certificate: missing }, missing, 'ENOENT'],
    [{ ...one, key: large }, large, 'larger than'],
    [{ ...one, clientCa: garbage }, garbage, ''],
    [{ ...one, certificate: directory }, directory, 'is no file'],
  ] as const) {
    const read = () => readTlsFiles(files)
    test.throws(read, { code: 'certificate-unreadable' }, `${named} ${fault}`)
    test.throws(read, { message: new RegExp(`${named}.*${fault}`) })
  }
})

function watch(files: Awaited<ReturnType<typeof pairIn>>) {
  const changed: TlsMaterial[] = []
  const broken: Failure[] = []
  const stop = watchTlsFiles({ files, pollMs: 20, onChange: material => changed.push(material), onError: failure => broken.push(failure) })
  return { changed, broken, stop }
}

t.test('loads files that were replaced, and reports once when they are broken', async test => {
  const directory = test.testdir()
  const files = await pairIn(directory, 'first')
  const next = await pairIn(directory, 'next')
  const last = await pairIn(directory, 'last')
  const { changed, broken, stop } = watch(files)
  const wanted = readTlsFiles(next).fingerprint
  renameSync(next.certificate, files.certificate)
  await until(() => broken.length > 0, 'the half of a pair to be reported')
  test.same(changed, [])
  await new Promise(resolve => setTimeout(resolve, 100))
  test.equal(broken.length, 1)
  test.equal(broken[0].code, 'certificate-unreadable')
  renameSync(next.key, files.key)
  await until(() => changed.length > 0, 'the new pair')
  test.equal(changed[0].fingerprint, wanted)
  renameSync(last.certificate, files.certificate)
  renameSync(last.key, files.key)
  await until(() => changed.length > 1, 'the last pair')
  test.equal(broken.length, 1)
  rmSync(files.key)
  await until(() => broken.length > 1, 'a missing file')
  symlinkSync(files.key, files.key)
  await until(() => broken.length > 2, 'a file that cannot even be looked at')
  stop()
})

t.test('leaves files alone that did not change', async test => {
  const files = await pairIn(test.testdir(), 'one')
  const { changed, broken, stop } = watch(files)
  await new Promise(resolve => setTimeout(resolve, 150))
  test.same([changed, broken], [[], []])
  stop()
})

t.test('never writes the key where others may read it, not even as a draft', async test => {
  const { key } = await ensureOwnCertificate(folder(test), ['box'], now)
  test.equal(statSync(folder(test)).mode & 0o077, 0)
  test.match(readFileSync(key, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PRIVATE KEY-----\n$/)
})
