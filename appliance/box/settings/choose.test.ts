import t from 'tap'
import { freshCode } from '../test-root.ts'
import { type Applied, choose } from './choose.ts'
import { type Reading, refusal, type SourceName } from './sources/source.ts'

const wiped: string[] = []
const textOf = (name: string, text: string): Reading => ({
  kind: 'text',
  text,
  file: name,
  wipe: async () => {
    wiped.push(name)
    return ''
  },
})
const names: readonly SourceName[] = ['console', 'config', 'ovf', 'guestinfo']
const given = (texts: Partial<Record<SourceName, string | Reading>>) =>
  names.map(name => {
    const one = texts[name]
    return { name, reading: one === undefined ? ({ kind: 'absent' } as const) : typeof one === 'string' ? textOf(name, one) : one }
  })
const states = (choice: ReturnType<typeof choose>) => Object.fromEntries(choice.reports.map(({ name, state }) => [name, state]))
const hostOf = (choice: ReturnType<typeof choose>) => choice.settings?.values['host.name']

t.test('nothing said leaves everything as it was', async t => {
  const choice = choose(given({ config: '# template\nhost.name =\n', ovf: { kind: 'empty' } }), {})
  t.equal(choice.settings, undefined)
  t.same(choice.applied, {})
  t.same(states(choice), { console: 'absent', config: 'empty', ovf: 'empty', guestinfo: 'absent' })
})

t.test('a text counts once: what the console set later holds until the text sets something else', async t => {
  const first = choose(given({ config: 'host.name = one' }), {})
  t.equal(hostOf(first), 'one')
  t.equal(states(first).config, 'used')
  const again = choose(given({ config: '# a comment more\n  host.name="one"\r\n' }), first.applied)
  t.equal(again.settings, undefined, 'another spelling of the same')
  t.equal(states(again).config, 'unchanged')
  const request = choose(given({ console: 'host.name = two', config: 'host.name = one' }), again.applied)
  t.equal(hostOf(request), 'two')
  t.equal(
    hostOf(choose(given({ console: 'host.name = two', config: 'host.name = one' }), request.applied)),
    'two',
    'a request is carried out each time',
  )
  t.equal(hostOf(choose(given({ config: 'host.name = three' }), request.applied)), 'three')
})

t.test('what an earlier release wrote down of a text still stands for it: the table may be put in another order', async t => {
  const text = `time.servers = ntp.example\nhost.name = box\nnetwork.gateway = 192.0.2.1\nnetwork.address = 192.0.2.10/24
network.dns = 192.0.2.53\nmember.networks = 198.51.100.0/24\nuplink.proxy = http://proxy.example:3128\nnflog.groups = 5
syslog.idleSeconds = 60\nsyslog.udp = off\nspool.quotaMiB = 77\ncentral.url = https://central.example\n`
  const { applied } = choose(given({ config: text }), {})
  t.equal(applied.config?.settings, 'de87104806883611de11d33b6a87a9db1ee6b2ac9fe411c0a813912d56048c61')
})

t.test('a source that is away for a boot, or empty, is not new when it comes back', async t => {
  const { applied } = choose(given({ ovf: 'host.name = one' }), {})
  const away = choose(given({}), applied)
  const empty = choose(given({ ovf: '' }), away.applied)
  t.equal(choose(given({ ovf: 'host.name = one' }), empty.applied).settings, undefined)
})

t.test('when several changed, the first in precedence goes, as a whole, and the others are told and not taken later', async t => {
  const all = { guestinfo: 'host.name = g', ovf: 'host.name = o\nsyslog.tls = off', config: 'host.name = c' }
  const choice = choose(given(all), {})
  t.equal(hostOf(choice), 'c')
  t.equal(choice.settings?.values['syslog.tls'], '[::]:6514')
  t.match(choice.reports[2], { state: 'unchanged', faults: [{ text: 'ovf: changed at the same time as config, which takes precedence' }] })
  t.equal(choose(given(all), choice.applied).settings, undefined)
})

t.test('a text with faults is refused as a whole, changes nothing, keeps its code, and does not stop the next one', async t => {
  const code = freshCode()
  const choice = choose(given({ config: `enrolment.code = ${code}\nhost.name = a_b\nnope = 1\n`, ovf: 'host.name = o' }), {})
  t.equal(hostOf(choice), 'o')
  t.equal(choice.code, '')
  t.same(choice.wipe, [])
  t.match(choice.reports[1], {
    state: 'refused',
    faults: [
      { line: 3, setting: '', problem: 'there is no setting of this name', text: /^config:3: there is no setting 'nope'/ },
      { line: 2, setting: 'host.name', text: /^config:2: host\.name = a_b/ },
    ],
  })
  t.equal(choice.applied.config, undefined, 'once it is mended it is new')
})

t.test('a code is taken once, and wiped where it came from until it is gone', async t => {
  const code = freshCode()
  const text = `enrolment.code = ${code}\nhost.name = box\n`
  const choice = choose(given({ config: text }), {})
  t.equal(choice.code, code.replaceAll('-', ''))
  t.equal(choice.wipe.length, 1)
  const stillThere = choose(given({ config: text }), choice.applied)
  t.equal(stillThere.code, '', 'it is not taken twice')
  t.equal(stillThere.wipe.length, 1, 'a wipe that a power cut prevented is made up for')
  const gone = choose(given({ config: '# enrolment.code was used ***\nhost.name = box\n' }), stillThere.applied)
  t.equal(gone.settings, undefined, 'our own wiping is no news')
  t.equal(gone.wipe.length, 0)
  t.equal(choose(given({ config: 'enrolment.code = ****\nhost.name = box' }), gone.applied).wipe.length, 1, 'what is left of one')
  const fresh = freshCode()
  t.equal(
    choose(given({ config: `enrolment.code = ${fresh}\nhost.name = box` }), gone.applied).code,
    fresh.replaceAll('-', ''),
    'a fresh one is news',
  )
})

t.test('a code counts even where the settings beside it come second, and one that is not needed is left alone', async t => {
  const [one, two] = [freshCode(), freshCode()]
  const choice = choose(given({ config: 'host.name = c', ovf: `enrolment.code = ${one}` }), {})
  t.equal(choice.code, one.replaceAll('-', ''))
  t.equal(hostOf(choice), 'c')
  const both = choose(given({ config: `enrolment.code = ${one}`, ovf: `enrolment.code = ${two}` }), {})
  t.equal(both.code, one.replaceAll('-', ''))
  t.equal(both.wipe.length, 1)
  t.equal(choose(given({ ovf: `enrolment.code = ${two}` }), both.applied).wipe.length, 0, 'nobody used it')
})

t.test('no secret is in what is told or kept', async t => {
  const code = freshCode()
  const choice = choose(given({ console: `enrolment.code: ${code}`, config: refusal(`x ${code} y`), ovf: `enrolment.code = ${code}` }), {})
  const told = JSON.stringify([choice.reports, choice.applied satisfies Applied])
  t.notOk(told.includes(code) || told.includes(code.replaceAll('-', '')), told)
  t.match(choice.reports[1].faults, [{ problem: 'x (not shown) y', text: 'x (not shown) y' }])
})
