// A release that the real guard took back is said by the agent that runs again, and by central in the same words: also that nothing is left
// but the release that came with the system.

import { join } from 'node:path'
import t from 'tap'
import { until } from '../agent/testing/harness.ts'
import { checkOf } from '../agent/testing/health-box.ts'
import { askAdmin } from '../central-stub/operator/admin.ts'
import type { BoxLook } from '../central-stub/operator/boxes.ts'
import { whyNoBox } from './test-box-machine.ts'
import { first, startTrialBox } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)
const codes = ['update-taken-back', 'release-factory-only']

t.test('an update that was taken back, on a box that has no other', { skip: reason ?? false }, async t => {
  const box = await startTrialBox(t, { seconds: 15 })
  const before = await box.isUp()
  t.match(checkOf(before, 'slots'), { level: 'ok', value: 1 })
  t.match(await box.update(first('setTimeout(() => process.exit(1), 3000)')), { state: 'taken-back', number: 1 })
  const after = await until(box.status, status => status !== undefined && checkOf(status, 'update')?.level === 'bad', 60_000)
  if (after === undefined) throw new Error('no agent answers')
  const said = (code: string) => after.findings.find(one => one.code === code)?.detail
  t.match(said('update-taken-back'), /^The last update did not work and was taken back: .*release 2 .*restarted/)
  t.equal(said('release-factory-only'), 'This box has gone back to the release it came with')
  const isThere = (all: BoxLook['findings']) => codes.every(code => all.some(one => one.code === code))
  const asked = async () => (await askAdmin(join(box.folder, 'central'), { ask: 'boxes' })) as BoxLook[]
  const [{ findings }] = await until(asked, ([look]) => look !== undefined && isThere(look.findings), 60_000)
  for (const code of codes) {
    const found = findings.find(one => one.code === code)
    t.ok(found !== undefined && said(code)?.startsWith(found.text), `central says the same: ${found?.text}`)
  }
})
