// Whatever stands where central should stand gets no code, no batch and no byte of a request, unless it holds the pinned
// key, shows a certificate that is valid now, and bears the right name.
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import * as x509 from '../lib/x509.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { pinOf } from '../uplink/anchor.ts'

t.setTimeout(120_000)
const DAY = 86_400_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Authority {
  readonly keys: webcrypto.CryptoKeyPair
  readonly certificate: x509.X509Certificate
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

async function makeAuthority(): Promise<Authority> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=authority',
      notAfter: new Date(Date.now() + 365 * DAY),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true)],
    },
    webcrypto,
  )
  return { keys, certificate }
}

const pem = async (key: webcrypto.CryptoKey) =>
  createPrivateKey({ key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)), format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  })

/** A server that stands where central should, and counts what it is told. */
async function impostor(
  t: { teardown(done: () => void): unknown },
  authority: Authority,
  name: string,
  validDays: number,
): Promise<{ url: string; requests: () => number; server: Server }> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${name}`,
      issuer: authority.certificate.subject,
      notBefore: new Date(Date.now() - 30 * DAY),
      notAfter: new Date(Date.now() + validDays * DAY),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    },
    webcrypto,
  )
  let requests = 0
  const chain = `${certificate.toString('pem')}\n${authority.certificate.toString('pem')}`
  const server = createServer(
    { cert: chain, key: await pem(keys.privateKey), minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false },
    (_request, answer) => {
      requests++
      answer.end('{}')
    },
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, requests: () => requests, server }
}

const pinOfAuthority = (authority: Authority) => pinOf(new X509Certificate(authority.certificate.toString('pem')))

t.test('no code and no batch goes to a central with another key, an expired certificate, or another name', async t => {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const folder = join(dir, 'central')
  const central = await startCentral({ folder })
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  await central.close()

  const pinned = await makeAuthority()
  const other = await makeAuthority()
  const pins = [pinOfAuthority(pinned)]
  const cases = [
    {
      name: 'another key, right name',
      ...(await impostor(t, other, 'localhost', 30)),
      code: 'central-not-trusted',
      says: /none of the keys in central\.pins/,
    },
    {
      name: 'pinned key, expired',
      ...(await impostor(t, pinned, 'localhost', -1)),
      code: 'central-certificate-expired',
      says: /Check the date and time/,
    },
    {
      name: 'pinned key, another name',
      ...(await impostor(t, pinned, 'evil.example', 30)),
      code: 'central-not-trusted',
      says: /none of the keys in central\.pins/,
    },
  ]
  const identity = readFileSync(pathsBelow(root).identity)
  for (const { name, url, requests, code, says } of cases) {
    writeSettings(root, { url, pins })
    const enrolled = await cyberalarm(root, 'enrol', '0000-0000-0000-0000-0')
    t.equal(enrolled.code, 1, `${name}: enrolment fails`)
    t.match(enrolled.error, code, `${name}: and says ${code}`)
    t.match(enrolled.error, says, `${name}: in plain words`)
    t.strictSame(readFileSync(pathsBelow(root).identity), identity, `${name}: the identity on the disk is as it was`)

    const agent = await startAgent(root)
    const before = sums(await agent.status()).spooled
    await sendTcp(agent.tcpPort, [blockedLine(before), blockedLine(before + 1)])
    const status = await until(agent.status, now => now.central.failure !== null && sums(now).spooled === before + 2)
    t.equal(status.central.failure?.code, code, `${name}: status says it`)
    t.match(status.findings, [{ code, severity: 'problem', advice: says }], `${name}: once, with what to do`)
    t.equal(requests(), 0, `${name}: it was told nothing`)
    await agent.kill('SIGTERM')
    t.equal(readdirSync(pathsBelow(root).spool).length, (before + 2) / 2, `${name}: every batch is still in the spool`)
  }

  const again = await startCentral({ folder })
  t.teardown(() => again.close())
  writeSettings(root, again)
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const status = await until(agent.status, now => sums(now).sent === 6)
  t.equal(status.central.failure, null, 'and the right central gets everything')
})
