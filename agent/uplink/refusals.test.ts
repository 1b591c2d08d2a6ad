// What a person is told to do about each way that central says no: by its code, never by its words.
import t from 'tap'
import { refusals } from '../../central-stub/refusals.ts'
import { failureCodes, refusalOf } from './enrol.ts'

t.test('each refusal of central has its place by code or status, and carries the code of central', async t => {
  for (const [code, [status]] of Object.entries(refusals)) {
    const failure = refusalOf({ status, retryAfterSeconds: 0, body: { code, message: 'Any words, revoked or expired.' } })
    const byStatus = status === 429 || status >= 500 ? 'central-busy' : 'central-refused'
    t.equal(failure.code, failureCodes[code] ?? byStatus, code)
    t.ok(failure.message.endsWith(`(${code})`), code)
  }
  t.same(
    Object.keys(failureCodes).filter(code => !Object.hasOwn(refusals, code)),
    [],
    'the agent waits for no code that central does not have',
  )
})

t.test('the words of central are short and visible, whatever they are', async t => {
  const { message } = refusalOf({
    status: 403,
    retryAfterSeconds: 0,
    body: { code: '\u001b[2J\n', message: `\u202e\u009b31m${'x'.repeat(100_000)}\nforged` },
  })
  t.notMatch(message, /[\p{Cc}\p{Cf}]/u)
  t.match(message, /\\u202e\\u009b31mxxx.*\.\.\. \(\\u001b\[2J\\u000a\)$/)
  t.ok(message.length < 700)
})

t.test('an answer without a code, or with one that nobody knows, is a refusal all the same', async t => {
  for (const body of [undefined, 'no', {}, { code: 'x'.repeat(65), message: 'm' }, { code: 'toString', message: 'm' }])
    t.equal(refusalOf({ status: 403, retryAfterSeconds: 0, body }).code, 'central-refused')
  t.equal(refusalOf({ status: 502, retryAfterSeconds: 0, body: undefined }).code, 'central-busy')
})
