import t from 'tap'
import { concerned } from './watch.ts'

const imports = new Map([
  ['agent/lib/bytes.ts', []],
  ['agent/triage/triage.ts', ['agent/lib/bytes.ts']],
  ['agent/triage/triage.test.ts', ['agent/triage/triage.ts']],
  ['agent/lib/table.test.ts', ['agent/lib/table.ts']],
  ['agent/recognisers/fixtures.test.ts', []],
  ['agent/recognisers/products/pfsense/pfsense.test.ts', []],
  ['agent/recognisers/products/sshd/sshd.test.ts', []],
])
const tests = [...imports.keys()].filter(file => file.endsWith('.test.ts'))

t.test('a changed file concerns the tests that import it, through others too', async t => {
  t.strictSame(concerned(['agent/lib/bytes.ts'], tests, imports), ['agent/triage/triage.test.ts'])
  t.strictSame(concerned(['agent/lib/table.test.ts'], tests, imports), ['agent/lib/table.test.ts'])
  t.strictSame(concerned(['agent/unknown.ts'], tests, imports), [])
})

t.test('fixtures concern the tests beside them and above', async t => {
  const fixtures = 'agent/recognisers/products/pfsense/fixtures.jsonl'
  t.strictSame(concerned([fixtures], tests, imports), [
    'agent/recognisers/fixtures.test.ts',
    'agent/recognisers/products/pfsense/pfsense.test.ts',
  ])
})
