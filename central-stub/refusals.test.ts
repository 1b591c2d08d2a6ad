import t from 'tap'
import { Refusal, type RefusalCode, refusals } from './refusals.ts'

t.test('429, 503 and 500 say when to try again, whoever gives them, and no other refusal does', async t => {
  for (const code of Object.keys(refusals) as RefusalCode[]) {
    const { status, retryAfterSeconds } = new Refusal(code)
    t.equal(retryAfterSeconds, [429, 500, 503].includes(status) ? 30 : undefined, code)
  }
  t.equal(new Refusal('central-full', { retryAfterSeconds: 60 }).retryAfterSeconds, 60)
})
