import fc from 'fast-check'
import t from 'tap'
import { makeCode } from '../../../agent/lib/typed-code.ts'
import { readMember } from '../settings/box-settings.ts'
import { afterIdle, overview, press } from './flow.ts'
import { KeyReader } from './keys.ts'
import { facts, list, typeKeys } from './test-facts.ts'
import { view } from './view.ts'

const code = makeCode(length => new Uint8Array(length).map((_, i) => i * 37))
const unenrolled = facts({}, { device: null })
const check = (text: string) => readMember(text, 'console').faults

t.test('a fixed address is typed, shown in a summary, and put as a whole text', async t => {
  const before = facts({ member: '# mine\nhost.name = gate\nmember.networks = 198.51.100.0/24\n' })
  const typed = ['n', ' ', '\t', '192.0.2.10/24', '\t', '192.0.2.1', '\t', '\t', '\t', '\t', '\r']
  const summary = typeKeys(typed, overview, before)
  t.equal(summary.page.kind, 'summary')
  t.same(summary.effects, [])
  const { page, effects } = typeKeys([...typed, 'y'], overview, before)
  t.match(page, { kind: 'outcome', name: 'network', before: 'before' })
  t.same(effects, [
    {
      kind: 'put-settings',
      text: '# mine\nhost.name = gate\nmember.networks = 198.51.100.0/24\nnetwork.address = 192.0.2.10/24\nnetwork.gateway = 192.0.2.1\n',
    },
  ])
})

t.test('back to DHCP takes address and gateway away', async t => {
  const before = facts({ member: 'network.address = 192.0.2.10/24\nnetwork.gateway = 192.0.2.1\nnetwork.dns = 192.0.2.53\n' })
  const { effects } = typeKeys(['n', 'd', '\t', '\t', '\t', '\t', '\r', 'y'], overview, before)
  t.same(effects, [{ kind: 'put-settings', text: 'network.dns = 192.0.2.53\n' }])
})

t.test('Esc leaves every page, and nothing was done', async t => {
  for (const keys of [
    ['n', ' ', '\t', '192.0.2.10/24', '\x1b'],
    ['e', code, '\x1b'],
    ['d', '\x1b'],
  ]) {
    const { page, effects } = typeKeys(keys)
    t.same(page, overview)
    t.same(effects, [])
  }
  const back = typeKeys(['e', code, '\t', '\r', '\x1b'])
  t.equal(back.page.kind, 'form', 'from the summary back to the form')
})

t.test('what is wrong is said beside its field by the schema of the file, and nothing is put', async t => {
  const { page, effects } = typeKeys([
    'n',
    ' ',
    '\t',
    '192.0.2.300/24',
    '\t',
    'nowhere',
    '\t',
    '\t',
    '\t',
    'ftp://x',
    '\t',
    'a b',
    '\r',
    'y',
  ])
  t.same(effects, [])
  if (page.kind !== 'form') return t.fail(page.kind)
  t.match(page.form.faults, {
    'network.address': [/^must be addresses with prefix length/],
    'network.gateway': [/^must be an address/],
    'uplink.proxy': [/^must be an http/],
    'host.name': [/^must be letters, digits and dashes/],
  })
  t.equal(page.form.focus, 1, 'typing goes to the first wrong field')
})

t.test('what no field can say of itself is judged too', async t => {
  const { page } = typeKeys(['n', ' ', '\t', '192.0.2.10/24', '\t', '198.51.100.1', '\t', '\t', '\t', '\t', '\r'])
  if (page.kind !== 'form') return t.fail(page.kind)
  t.match(page.form.faults, { 'network.gateway': [/lies in no network/] })
  const empty = typeKeys(['n', ' ', '\t', '\t', '\t', '\t', '\t', '\t', '\r']).page
  if (empty.kind !== 'form') return t.fail(empty.kind)
  t.match(empty.form.faults, { 'network.address': ['enter an address, or choose DHCP'] })
})

t.test('a code is put once its check letter fits, and is on no page but in its field', async t => {
  const size = { columns: 120, rows: 40 }
  const shown = (keys: readonly string[]) => JSON.stringify(view(typeKeys(keys, overview, unenrolled).page, unenrolled, size))
  t.match(shown(['e', code.slice(0, 6)]), /5 of 17/)
  t.match(shown(['e', code.toLowerCase()]), /the check letter is correct/)
  t.match(shown(['e', `${code.slice(0, -1)}${code.endsWith('0') ? '1' : '0'}`]), /mistyped/)
  t.match(shown(['e', code]), code)
  for (const keys of [
    ['e', code, '\t', '\r'],
    ['e', code, '\t', '\r', 'y'],
    ['e', code, '\x1b'],
  ]) {
    const text = shown(keys)
    t.notMatch(text, code.slice(0, 9))
    t.notMatch(text, code.replaceAll('-', '').slice(0, 9))
  }
  const { effects, page } = typeKeys(['e', code, '\t', '\r', 'y'], overview, unenrolled)
  t.same(effects, [{ kind: 'put-settings', text: `enrolment.code = ${code}\n` }])
  t.notMatch(JSON.stringify(page), code)
  t.same(typeKeys(['e', `${code}X`, '\t', '\r', 'y'], overview, unenrolled).effects, [])
  t.same(typeKeys(['e', '\t', '\r', 'y'], overview, unenrolled).effects, [])
})

t.test('what was typed goes when nobody is there any more', async t => {
  const { page } = typeKeys(['e', code])
  t.equal(afterIdle(page, 240_000), page)
  t.same(afterIdle(page, 301_000), overview)
})

t.test('the field is empty when the form is opened again', async t => {
  t.notMatch(JSON.stringify(typeKeys(['e', code, '\x1b', 'e']).page), code)
})

t.test('nothing is applied without a change, nor by a key that came too soon', async t => {
  const same = typeKeys(['n', '\t', '\t', '\t', '\t', '\r'])
  t.equal(same.page.kind, 'summary')
  t.same(typeKeys(['y', '\r'], same.page), { page: overview, effects: [] })
  t.same(typeKeys(['e', `${code}\t\ry`]).effects, [], 'a paste that ends in y')
  t.same(typeKeys(['d\r']).effects, [])
  t.same(typeKeys(['us']).effects, [])
  t.same(typeKeys(['u', '\r', 's']).effects, [{ kind: 'ask', what: 'update' }])
  t.same(typeKeys(['u', 's', '\r']), { page: overview, effects: [{ kind: 'ask', what: 'update-usb' }] })
  t.same(typeKeys(['d', '\r']).effects, [{ kind: 'ask', what: 'diagnostics' }])
})

t.test('settings that cannot be read are not replaced by empty ones', async t => {
  for (const key of ['n', 'e']) {
    const { page, effects } = typeKeys([key, ' ', '\t', '\r', 'y'], overview, facts({ member: undefined }))
    t.match(page, overview)
    t.same(effects, [])
    t.match(typeKeys([key], overview, facts({ member: undefined })).page, { kind: 'outcome', fault: /cannot be read/ })
  }
})

t.test('nothing is asked for that would be forgotten at the next restart', async t => {
  const start = facts({ settings: { at: '1', sources: [], notices: [], isDataLost: true } })
  for (const key of ['n', 'e']) {
    t.match(typeKeys([key], overview, start).page, { kind: 'outcome', fault: /lost at the next restart/ })
    t.same(typeKeys([key, 'x', '\t', '\r', 'y'], overview, start).effects, [])
  }
})

t.test('fields take ASCII of a bounded length', async t => {
  const { page } = typeKeys(['n', 's', '\t', `${'1'.repeat(5000)}é防\x1b[200~`])
  if (page.kind !== 'form') return t.fail(page.kind)
  t.equal(page.form.values['network.address'], '1'.repeat(255))
})

t.test('a value is edited where the caret is', async t => {
  const { page } = typeKeys(['n', '\t', '\t', '\t', '\t', 'gat', '\x1b[D', 'X', '\x1b[H', 'Y', '\x1b[3~', '\x1b[F', '\x7f', 'z'])
  if (page.kind !== 'form') return t.fail(page.kind)
  t.equal(page.form.values['host.name'], 'YaXz')
})

t.test('the list scrolls within its bounds', async t => {
  const top = (keys: readonly string[]) => {
    const { page } = typeKeys(keys)
    return page.kind === 'overview' ? page.top : -1
  }
  t.equal(top(['\x1b[B', '\x1b[B', '\x1b[A']), 1)
  t.equal(top(['\x1b[A']), 0)
  t.equal(top(['\x1b[F', '\x1b[B', '\x1b[A']), list.lastTop - 1)
  t.equal(top(['\x1b[6~']), list.rows - 1)
  t.equal(top(['\x1b[6~', '\x1b[5~']), 0)
})

t.test('garbage, however much, puts nothing', async t => {
  const garbage = fc.property(fc.uint8Array({ minLength: 1000, maxLength: 10_000 }), bytes => {
    let page = overview
    let puts = 0
    for (const key of new KeyReader().feed(bytes)) {
      const step = press(page, key, unenrolled, check, list)
      page = step.page
      if (step.effect !== undefined) puts++
      view(page, unenrolled, { columns: 80, rows: 25 })
    }
    return puts === 0
  })
  t.doesNotThrow(() => fc.assert(garbage, { numRuns: 5 }))
})
