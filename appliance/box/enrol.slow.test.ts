// A real central as a process of its own, and the real program with its code as a credential, as systemd hands it over.
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { pathsBelow } from '../../agent/paths.ts'
import { startCentralProcess } from '../../agent/testing/central-process.ts'
import { temporaryFolder } from '../../agent/testing/harness.ts'
import { readIdentity } from '../../agent/uplink/identity.ts'
import type { EnrolmentReport } from './enrolment-report.ts'
import { filesWith, run, start } from './test-program.ts'
import { freshCode, obstruct, type TestRoot, testRoot } from './test-root.ts'

t.setTimeout(120_000)
const folder = temporaryFolder(t)
const central = await startCentralProcess(folder)
t.teardown(() => central.kill())

function box(t: Parameters<typeof testRoot>[0], address: { url: string; pins: readonly string[] } = central) {
  const made = testRoot(t)
  made.put('etc/cyberalarm/cyberalarm.conf', `central.url = ${address.url}\ncentral.pins = ${address.pins.join(' ')}\n`)
  // outside the root, so that a search for the code below it finds copies only
  const credentials = temporaryFolder(t)
  const put = (code: string) => writeFileSync(join(credentials, 'enrolment.code'), `${code}\n`)
  const words = ['enrol', '--root', made.root]
  return {
    ...made,
    enrol: async (code: string) => {
      put(code)
      return run(words, [`CREDENTIALS_DIRECTORY=${credentials}`])
    },
    begin: (code: string) => {
      put(code)
      return start(words, [`CREDENTIALS_DIRECTORY=${credentials}`])
    },
  }
}

const reportOf = ({ paths }: TestRoot) => JSON.parse(readFileSync(paths.enrolmentReport, 'utf8')) as EnrolmentReport
const identityOf = ({ root }: TestRoot) => readIdentity(pathsBelow(root).identity)?.stored

async function requestFor(pem: string): Promise<{ csr: string }> {
  const x509 = await import('../../agent/lib/x509.ts')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  }
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=cyberalarm', keys, signingAlgorithm: algorithm }, webcrypto)
  return { csr: csr.toString('pem') }
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    try {
      if (what()) return
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof Error && 'code' in error)) throw error
    }
    await sleep(50)
  }
  throw new Error('not in 20 s')
}

t.test('a code becomes an identity, and is nowhere afterwards', async t => {
  const one = box(t)
  const code = (await central.makeCode()).replaceAll('-', '')
  const { code: exit, out } = await one.enrol(code)
  t.equal(exit, 0, out)
  t.equal(reportOf(one).state, 'enrolled')
  t.equal(reportOf(one).device, identityOf(one)?.device)
  t.same(filesWith(one.root, code), [])
  t.notOk(out.includes(code))
  const key = identityOf(one)?.privateKey.split('\n')[1] ?? 'no key'
  const { identity } = pathsBelow('/')
  t.same(
    filesWith(one.root, key).sort(),
    [identity.slice(1), `${identity.slice(1)}.copy`],
    'the key is in the identity and its copy, and nowhere else',
  )
})

t.test('started again with the code that made it, an enrolled box is enrolled, without asking anybody', async t => {
  const one = box(t)
  const code = await central.makeCode()
  t.equal((await one.enrol(code)).code, 0)
  const before = identityOf(one)
  one.put('etc/cyberalarm/cyberalarm.conf', '')
  t.equal((await one.enrol(code)).code, 0)
  t.equal(reportOf(one).state, 'enrolled')
  t.same(identityOf(one), before)
})

t.test('cut off between the answer of central and the identity, it finishes with the answer', async t => {
  const one = box(t)
  const code = await central.makeCode()
  const clear = obstruct(t, `${pathsBelow(one.root).identity}.draft`)
  const child = one.begin(code)
  const closed = once(child, 'close')
  await until(() => reportOf(one).state === 'trying' && reportOf(one).failure !== undefined)
  child.kill('SIGKILL')
  await closed
  t.equal(identityOf(one), undefined)
  clear()
  t.match(await one.enrol(code), { code: 0 })
  t.equal(reportOf(one).state, 'enrolled')
  t.ok(identityOf(one))
  t.notMatch(one.text('var/lib/cyberalarm/enrolment.json'), /PRIVATE KEY/)
})

t.test('cut off before the answer of central arrives, it asks again and is the same device', async t => {
  const one = box(t)
  const code = await central.makeCode()
  t.equal((await one.enrol(code)).code, 0)
  // as it was when the request had been made and the answer was on its way
  const { device, privateKey } = identityOf(one) ?? { device: '', privateKey: '' }
  const kept = JSON.parse(one.text('var/lib/cyberalarm/enrolment.json')) as { code: string }
  for (const path of [pathsBelow(one.root).identity, `${pathsBelow(one.root).identity}.copy`]) rmSync(path)
  const { csr } = await requestFor(privateKey)
  one.put('var/lib/cyberalarm/enrolment.json', JSON.stringify({ code: kept.code, enrolment: '', request: { csr, privateKey } }))
  t.equal((await one.enrol(code)).code, 0)
  t.equal(identityOf(one)?.device, device)
  const thief = box(t)
  t.equal((await thief.enrol(code)).code, 4, 'the code alone is worth nothing')
})

t.test('a fresh code enrols the box anew as the same device; a kept answer for another code does not stand in its way', async t => {
  const one = box(t)
  t.equal((await one.enrol(await central.makeCode())).code, 0)
  const before = identityOf(one)
  t.equal((await one.enrol(await central.makeCode())).code, 0)
  t.equal(identityOf(one)?.device, before?.device)
  t.not(identityOf(one)?.enrolment, before?.enrolment)
  one.put('var/lib/cyberalarm/enrolment.json', '{"code":')
  t.equal((await one.enrol(await central.makeCode())).code, 0, 'nor does a damaged one')
})

t.test('a code that is spent, unknown or none is refused for good, once, and told without it', async t => {
  const one = box(t)
  const spent = await central.makeCode()
  t.equal((await one.enrol(spent)).code, 0)
  const other = box(t)
  for (const [code, what] of [
    [spent, 'code-refused'],
    [freshCode(), 'code-refused'],
    [`${spent.slice(0, -1)}?`, 'code-wrong'],
    ['x'.repeat(10_000), 'code-wrong'],
  ]) {
    const { code: exit, out } = await other.enrol(code)
    t.equal(exit, 4, out)
    t.match(reportOf(other), { state: 'refused', failure: { code: what, advice: /code/ } })
    t.notOk(`${out}${JSON.stringify(reportOf(other))}`.includes(code.slice(0, 14)))
    t.equal(identityOf(other), undefined)
  }
})

t.test('tries until central is there, says why meanwhile, and ends at once when it is told to', async t => {
  const port = Number(new URL(central.url).port)
  const code = await central.makeCode()
  await central.kill()
  const one = box(t)
  const child = one.begin(code)
  let out = ''
  child.stdout?.on('data', chunk => (out += chunk))
  const closed = once(child, 'close')
  await until(() => reportOf(one).failure !== undefined)
  t.match(reportOf(one), { state: 'trying', failure: { code: 'central-unreachable', advice: /443/ } })

  const stopped = box(t).begin(code)
  const ended = once(stopped, 'close')
  await sleep(1000)
  stopped.kill('SIGTERM')
  t.same((await ended)[0], 130)

  const again = await startCentralProcess(folder, port)
  t.teardown(() => again.kill())
  t.equal((await closed)[0], 0, out)
  t.equal(reportOf(one).state, 'enrolled')
})

t.test('without central in the settings, or without a code, it says so', async t => {
  const one = box(t, { url: '', pins: [] })
  t.match(await run(['enrol', '--root', one.root]), { code: 0 })
  t.equal(reportOf(one).state, 'no-code')
  const child = one.begin(freshCode())
  const closed = once(child, 'close')
  await until(() => reportOf(one).failure !== undefined)
  t.match(reportOf(one), { state: 'trying', failure: { code: 'central-not-set' } })
  child.kill('SIGTERM')
  await closed
})
