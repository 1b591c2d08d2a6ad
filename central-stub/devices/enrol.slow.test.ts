import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { type Central, startCentral } from '../central.ts'
import { enrolBox, makeBatch, makeChain, makeCsr, newKey, post, send, type Target, targetOf } from '../test-box.ts'

const HOUR_MS = 3_600_000
// behind the clock that TLS looks at, so that it can be moved on and certificates are still valid already
let clock = Date.now() - 24 * HOUR_MS
const folder = join(t.testdir(), 'central')
const central: Central = await startCentral({ folder, now: () => clock })
const target: Target = targetOf(central, folder)
t.teardown(() => central.close())

const certificates = async (): Promise<number> => {
  const shape = z.object({ count: z.bigint() })
  return Number((await central.read(shape, 'SELECT count(*) AS count FROM certificates'))[0].count)
}

t.test('a code buys a certificate for the id that central gave, whatever the request asked for', async t => {
  const box = await enrolBox(target, await central.makeCode('St Example School'))
  const certificate = new X509Certificate(box.certificate)
  t.equal(certificate.subject, `CN=${box.device}`)
  t.ok(certificate.checkPrivateKey(box.key))
  t.ok(certificate.verify(new X509Certificate(target.authority).publicKey))
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'TLS client and nothing else')
  t.equal(certificate.ca, false)
  t.equal(box.enrolment.notAfter, certificate.validToDate.toISOString())
  t.equal(box.enrolment.nextSequence, 1)
  t.equal(box.enrolment.previousHash, '00'.repeat(32))
  t.equal(new X509Certificate(box.enrolment.authority).fingerprint256, new X509Certificate(target.authority).fingerprint256)
})

t.test('a code is accepted as people type it', async t => {
  const code = await central.makeCode()
  await t.resolves(enrolBox(target, ` ${code.toLowerCase().replaceAll('-', ' ')}`))
})

t.test('refuses a code that is unknown, spent, expired or mistyped, all with the same words', async t => {
  const [spent, expired] = [await central.makeCode(), await central.makeCode('member', 1)]
  await enrolBox(target, spent)
  clock += HOUR_MS
  const before = await certificates()
  const csr = await makeCsr(newKey())
  const answers = []
  for (const code of [spent, expired, '0000-0000-0000-0000-0', 'AAAA-AAAA-AAAA-AAAA-A', ''])
    answers.push(await post(target, '/v1/enrol', { code, csr }))
  for (const { status, body } of answers) {
    t.equal(status, 403)
    t.same(body, answers[0].body)
  }
  t.equal(answers[0].body.code, 'code-refused')
  t.equal(await certificates(), before)
  clock += HOUR_MS
})

t.test('a code spent by many at once is spent once', async t => {
  const code = await central.makeCode()
  const before = await certificates()
  const csrs = await Promise.all(Array.from({ length: 8 }, () => makeCsr(newKey())))
  const answers = await Promise.all(csrs.map(csr => post(target, '/v1/enrol', { code, csr })))
  t.same(answers.map(answer => answer.status).sort(), [200, ...Array(7).fill(403)])
  t.equal(await certificates(), before + 1)
  clock += HOUR_MS
})

t.test('refuses a request that is not signed by its own key, is not P-256, or is no request; the code stays good', async t => {
  const code = await central.makeCode()
  const key = newKey()
  const good = await makeCsr(key)
  const bad = [
    await makeCsr(key, newKey()),
    await makeCsr(newKey('P-384'), undefined, 'P-384'),
    good.replace(/\n[A-Za-z0-9+/=]+\n-----END/, '\n-----END'),
    good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    target.authority,
    'hello',
    '',
  ]
  for (const csr of bad) {
    const answer = await post(target, '/v1/enrol', { code, csr })
    t.equal(answer.status, 400)
    t.equal(answer.body.code, 'csr-refused')
  }
  t.equal((await post(target, '/v1/enrol', { code, csr: good })).status, 200)
})

t.test('refuses a body of another shape', async t => {
  const code = await central.makeCode()
  const csr = await makeCsr(newKey())
  for (const body of [
    { code },
    { code, csr: 7 },
    { code, csr, replaces: 'me' },
    { code, csr, extra: 1 },
    [],
    'null',
    '{',
    '{"__proto__":{}}',
  ])
    t.equal((await post(target, '/v1/enrol', body)).body.code, 'body-malformed', JSON.stringify(body))
  t.equal((await post(target, '/v1/enrol', { code, csr: 'x'.repeat(20_000) })).status, 413)
})

t.test('enrolling again keeps the id and the chain, and revokes the old key', async t => {
  const old = await enrolBox(target, await central.makeCode('School A'))
  const [first, second] = await makeChain(old, 2)
  t.equal((await send(old, first)).status, 200)
  const fresh = await enrolBox(target, await central.makeCode('School A'), old.device)
  t.equal(fresh.device, old.device)
  t.equal(fresh.enrolment.nextSequence, 2)
  t.equal(fresh.enrolment.previousHash, Buffer.from(first.hash).toString('hex'))
  const refused = await send(old, second)
  t.equal(refused.status, 403)
  t.equal(refused.body.code, 'certificate-revoked')
  t.equal((await send(fresh, await makeBatch(fresh, 2, first.hash))).status, 200)
})

t.test('a code of one member does not take over the device of another', async t => {
  const victim = await enrolBox(target, await central.makeCode('School A'))
  const thief = await enrolBox(target, await central.makeCode('School B'), victim.device)
  t.not(thief.device, victim.device)
  const [batch] = await makeChain(victim, 1)
  t.equal((await send(victim, batch)).status, 200, 'the victim goes on')
})

t.test('a device that central never knew becomes a new one', async t => {
  const unknown = '01234567-89ab-4def-8123-456789abcdef'
  const box = await enrolBox(target, await central.makeCode(), unknown)
  t.not(box.device, unknown)
})

t.test('a device renews itself, and the old certificate goes on too', async t => {
  const box = await enrolBox(target, await central.makeCode())
  const key = newKey()
  const answer = await post(target, '/v1/renew', { csr: await makeCsr(key) }, { identity: box })
  t.equal(answer.status, 200)
  const certificate = String(answer.body.certificate)
  t.equal(new X509Certificate(certificate).subject, `CN=${box.device}`)
  const renewed = { ...box, key, certificate }
  const [first] = await makeChain(box, 1)
  t.equal((await send(box, first)).status, 200)
  t.equal((await send(renewed, await makeBatch(renewed, 2, first.hash))).status, 200)
  const mixed = await makeBatch(renewed, 1, new Uint8Array(32), { signer: box.key })
  t.equal(
    (await send(renewed, { bytes: mixed.bytes })).body.code,
    'chain-conflict',
    'signed by the old key, sent with the new one: a key of the device',
  )
})

t.test('a key that is revoked while it asks gets nothing any more', async t => {
  const halfway = async (device: string) => t.equal(await central.revoke(device), 1)
  const thief = await enrolBox(target, await central.makeCode())
  const renewal = { csr: await makeCsr(newKey()) }
  const before = await certificates()
  const answer = await post(target, '/v1/renew', renewal, { identity: thief, halfway: () => halfway(thief.device) })
  t.equal(answer.body.code, 'certificate-revoked')
  t.equal(await certificates(), before)
  const box = await enrolBox(target, await central.makeCode())
  const [batch] = await makeChain(box, 1)
  const late = await post(target, '/v1/batches', batch.bytes, { identity: box, halfway: () => halfway(box.device) })
  t.equal(late.body.code, 'certificate-revoked')
})

t.test('a renewal cannot be had without a certificate, nor without end', async t => {
  const csr = await makeCsr(newKey())
  t.equal((await post(target, '/v1/renew', { csr })).body.code, 'certificate-required')
  const box = await enrolBox(target, await central.makeCode())
  let last = await post(target, '/v1/renew', { csr }, { identity: box })
  for (let i = 0; i < 12 && last.status === 200; i++) last = await post(target, '/v1/renew', { csr }, { identity: box })
  t.equal(last.status, 429)
  t.equal(last.body.code, 'renewed-too-often')
  t.match(last.headers['retry-after'], /^\d+$/)
})

t.test('an expired certificate is answered differently from a revoked one, and a fresh code brings the device back', async t => {
  const box = await enrolBox(target, await central.makeCode('School A'))
  const [batch] = await makeChain(box, 1)
  clock += 91 * 24 * HOUR_MS
  const late = await send(box, batch)
  clock -= 91 * 24 * HOUR_MS
  t.equal(late.status, 401)
  t.equal(late.body.code, 'certificate-expired')
  t.equal(await central.revoke(box.device), 1)
  t.equal(await central.revoke(box.device), 0)
  t.equal((await send(box, batch)).body.code, 'certificate-revoked')
  await t.rejects(central.revoke('01234567-89ab-4def-8123-456789abcdef'), { message: /there is no device/ })
  const back = await enrolBox(target, await central.makeCode('School A'), box.device)
  t.equal((await send(back, (await makeChain(back, 1))[0])).status, 200)
})

t.test('a certificate that TLS finds expired gets the same answer', async t => {
  clock -= 100 * 24 * HOUR_MS
  const box = await enrolBox(target, await central.makeCode())
  const [batch] = await makeChain(box, 1)
  for (const days of [0, 100]) {
    clock += days * 24 * HOUR_MS
    t.equal((await send(box, batch)).body.code, 'certificate-expired')
  }
})

t.test('guessing codes ends in 429, with how long to wait; a right code from the same address is good all the while', async t => {
  const csr = await makeCsr(newKey())
  const guess = (i: number) => post(target, '/v1/enrol', { code: i % 2 === 0 ? 'AAAA' : '0000-0000-0000-0000-0', csr })
  for (let i = 0; i < 10; i++) t.equal((await guess(i)).status, 403)
  for (let i = 0; i < 10; i++) {
    const answer = await guess(i)
    t.equal(answer.status, 429)
    t.equal(answer.body.code, 'codes-too-many')
    const seconds = Number(answer.headers['retry-after'])
    t.ok(seconds > 0 && seconds <= 90)
  }
  await t.resolves(enrolBox(target, await central.makeCode()))
  clock += HOUR_MS
  t.equal((await guess(0)).status, 403)
})

t.test('without a code nobody makes central verify a signing request', async t => {
  const broken = await makeCsr(newKey(), newKey())
  const answer = await post(target, '/v1/enrol', { code: '0000-0000-0000-0000-0', csr: broken })
  t.equal(answer.body.code, 'code-refused', 'the request was not looked at')
  const { refusals } = await central.limits()
  t.ok(refusals['code-refused'] > 0 && refusals['codes-too-many'] === 10, 'and the operator sees it')
  clock += HOUR_MS
})

t.test('with a code neither: not for another kind of key, and not without end', async t => {
  const code = await central.makeCode()
  const answers: unknown[] = []
  for (let i = 0; i < 25; i++) answers.push((await post(target, '/v1/enrol', { code, csr: 'hello' })).body.code)
  t.same(answers, [...Array(20).fill('csr-refused'), ...Array(5).fill('code-used-too-often')])
  clock += HOUR_MS
  await t.resolves(enrolBox(target, code), 'the code was not spent')
})

t.test('a box whose answer was lost asks again with the same key, and gets a certificate, but not without end', async t => {
  const [code, csr] = [await central.makeCode(), await makeCsr(newKey())]
  const answers: unknown[] = []
  const before = await certificates()
  for (let i = 0; i < 30; i++) {
    const { status, body } = await post(target, '/v1/enrol', { code, csr })
    answers.push(status === 200 ? 'certificate' : body.code)
    clock += HOUR_MS / 12
  }
  t.same(answers.slice(0, 10), Array(10).fill('certificate'))
  t.same([...new Set(answers.slice(10))], ['renewed-too-often'])
  t.equal(await certificates(), before + 10)
  clock += 24 * HOUR_MS
  t.equal((await post(target, '/v1/enrol', { code, csr })).status, 200, 'the next day')
})
