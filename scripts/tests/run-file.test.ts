import t from 'tap'
import { judge } from './run-file.ts'

const totals = '# { total: 2, pass: 2 }\n# time=3ms\n'
const good = `TAP version 14\n# Subtest: a\n    ok 1 - one\n    ok 2 - two\n    1..2\nok 1 - a # time=1ms\n\n1..1\n${totals}`

t.test('counts what passed, and shows nothing of it', async t => {
  t.match(judge(good, ''), { passed: 2, failed: 0, skipped: [] })
  t.notMatch(judge(good, '').shown, /ok 1/)
})

t.test('a file that did not end well has failed, whatever it counted', async t => {
  t.match(judge(good, 'ended with 1'), { failed: 1, shown: /ended with 1$/ })
  t.match(judge('', ''), { failed: 1, shown: /without counting/ })
})

t.test('a test without an assertion has failed', async t => {
  const inner = `# Subtest: a\n    ok 1 - one\n    # Subtest: inner\n        1..0\n    ok 2 - inner # time=1ms\n    \n    1..2\nok 1 - a\n\n1..1\n`
  t.match(judge(inner + totals, ''), { failed: 1, shown: /^no assertions: inner$/m })
  t.match(judge(`TAP version 14\n1..0\n${totals}`, ''), { failed: 1, shown: /^no assertions: the file$/m })
})

t.test('one that is skipped has not', async t => {
  const skipped = 'ok 1 - on a machine # SKIP there is no curl\n1..1\n# { total: 1, skip: 1 }\n'
  t.match(judge(skipped, ''), { failed: 0, skipped: ['on a machine: there is no curl'] })
  t.match(judge(`1..0 # there is no curl\n${totals}`, ''), { failed: 0 })
})
