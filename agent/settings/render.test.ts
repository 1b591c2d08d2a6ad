// What is made from the table says what the table says, and what lies in the repository is current.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderPage } from './render-page.ts'
import { renderTemplate } from './render-template.ts'
import { renderUnits } from './render-units.ts'
import { categories, describeSetting } from './setting.ts'
import { allSettings, parseSettings, settingsOf } from './table.ts'

const inRepository = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const hint = 'make render writes it'

t.test('the template of the partition and the page of the documentation are what the table renders', async t => {
  t.equal(inRepository('appliance/rootfs/usr/lib/cyberalarm/config/cyberalarm.conf'), renderTemplate('partition'), hint)
  t.equal(inRepository('docs/settings.md'), renderPage(), hint)
})

t.test('a template asks for every setting of its form once, sets what it is given, and says the same as the other forms', async t => {
  for (const form of ['partition', 'server'] as const) {
    const lines = renderTemplate(form, { 'uplink.proxy': 'http://192.0.2.8:3128' }).split('\n')
    t.strictSame(
      lines.filter(line => line !== '' && !line.startsWith('# ')).map(line => line.replace(/^#?([\w.]+) = .+$/, '$1')),
      settingsOf(form).map(({ name }) => name),
    )
    t.ok(lines.includes('uplink.proxy = http://192.0.2.8:3128'))
    const words = lines.join(' ').replace(/ # /g, ' ')
    for (const { help } of settingsOf(form)) t.ok(words.includes(help), help)
  }
})

t.test('every row can be shown wherever it is shown', async t => {
  for (const setting of allSettings) {
    const { name, label, help, console: place, maxLength, example, default: fallback, shape, secret } = setting
    t.match(name, /^[a-z]+(\.[a-zA-Z]+)+$/, 'no dash: OVF has one for each dot')
    t.ok(label.length > 3 && label.length <= 21, `${name}: the console has 21 letters for '${label}'`)
    t.match(help, /^[A-Z].*\.$/, `${name}: whole sentences`)
    if (place !== undefined)
      t.ok(
        describeSetting(setting, place.form === 'network' && place.isFixedOnly !== true).length <= 150,
        `${name}: two lines on a console of 80 columns`,
      )
    t.ok((example ?? fallback).length <= maxLength, `${name}: what is shown can be typed`)
    t.ok(shape.safeParse(fallback).success, `${name}: the default is one`)
    if (example !== undefined && secret !== true && name !== 'central.pins')
      t.ok(shape.safeParse(example).success, `${name}: the example is one`)
  }
  const order = allSettings.map(({ category }) => category).filter((category, i, all) => category !== all[i - 1])
  t.strictSame(order, Object.keys(categories), 'rows of one category stand together')
})

t.test('systemd is told what differs from its units, as the agent reads it', async t => {
  t.equal(renderUnits(parseSettings('')), '')
  t.equal(renderUnits(parseSettings('syslog.udp = [::]:514\nsyslog.tls = [::]:6514\nspool.quotaMiB = 5\nnflog.groups =\n')), '')
  t.equal(
    renderUnits(parseSettings('\uFEFFsyslog.udp = off\r\nsyslog.tls="192.0.2.1:7514"\nnflog.groups = 5 ,, 7\n')),
    'syslog.udp off\nsyslog.tls 192.0.2.1:7514\nnflog.groups 5 7\n',
  )
  for (const { name, default: fallback } of allSettings.filter(({ isForUnits }) => isForUnits === true)) {
    if (!name.startsWith('syslog.')) continue
    const unit = inRepository(`appliance/rootfs/usr/lib/systemd/system/cyberalarm-${name.replace('syslog.', '')}.socket`)
    t.equal(`[::]:${/^Listen(?:Stream|Datagram)=(.*)$/m.exec(unit)?.[1]}`, fallback, `${name}: the unit opens the default`)
  }
  t.throws(() => parseSettings('nflog.groups = 5, x7\n'), { code: 'settings-wrong' })
})
