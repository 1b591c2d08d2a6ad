// Central's clock is wrong for a while: a machine starts before its time server answers, somebody sets the clock. TLS goes by the real
// time here, as on the boxes.
import { join } from 'node:path'
import t from 'tap'
import { until } from '../agent/testing/harness.ts'
import { startCentral } from './central.ts'
import { enrolBox, makeChain, post, send, targetOf, zeroHash } from './test-box.ts'

const DAY_MS = 86_400_000
const certificatesEveryMs = 50
const dir = t.testdir()

t.test('a first start ahead of the time keeps boxes away only until the clock is right', async t => {
  const folder = join(dir, 'ahead')
  let ahead = 400 * DAY_MS
  const central = await startCentral({ folder, now: () => Date.now() + ahead, certificatesEveryMs })
  t.teardown(() => central.close())
  await t.rejects(post(targetOf(central, folder), '/v1/enrol', {}), { code: 'CERT_NOT_YET_VALID' })
  ahead = 0
  const code = await central.makeCode()
  const box = await until(
    () => enrolBox(targetOf(central, folder), code).catch((error: unknown) => String(error)),
    answer => typeof answer !== 'string',
  )
  if (typeof box === 'string') throw new Error(box)
  const [batch] = await makeChain(box, 1)
  t.equal((await send(box, batch)).status, 200)
  t.same(box.enrolment.authority.trim(), targetOf(central, folder).authority.trim())
})

t.test('a clock that is set back a day or a year costs no box its receipts', async t => {
  const folder = join(dir, 'back')
  let off = 0
  const central = await startCentral({ folder, now: () => Date.now() + off })
  t.teardown(() => central.close())
  off = 2 * DAY_MS
  // issued by a clock that was two days ahead: for TLS it is not valid yet
  const box = await enrolBox(targetOf(central, folder), await central.makeCode())
  const chain = await makeChain(box, 3, 1, zeroHash)
  for (const [i, to] of [0, -DAY_MS, -365 * DAY_MS].entries()) {
    off = to
    t.equal((await send(box, chain[i])).status, 200, `${to / DAY_MS} days`)
  }
})

t.test('codes are good again when the clock is', async t => {
  const folder = join(dir, 'codes')
  const before = await startCentral({ folder })
  const code = await before.makeCode('member', 72)
  await before.close()
  let off = 10 * DAY_MS
  const central = await startCentral({ folder, now: () => Date.now() + off })
  t.teardown(() => central.close())
  await t.rejects(enrolBox(targetOf(central, folder), code), { message: /code-refused/ })
  off = 0
  await t.resolves(enrolBox(targetOf(central, folder), code))
})
