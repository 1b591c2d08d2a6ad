import t from 'tap'
import { noticesOf, parseSettings, settingsTable } from './table.ts'

t.test('an empty file means all defaults', async t => {
  const settings = parseSettings('')
  t.equal(settings['syslog.udp'], '[::]:514')
  t.equal(settings['spool.quotaMiB'], 2048)
  t.strictSame(settings['member.networks'], [])
  t.strictSame(Object.keys(settings), Object.keys(settingsTable))
})

t.test('reads comments, blanks, quotes and lists', async t => {
  const settings = parseSettings(
    '\uFEFF# ours\r\n\n member.networks = 198.51.100.0/24,2001:db8::/32  203.0.113.9 \nsyslog.tls=off\ncentral.url = "https://central.example"\n',
  )
  t.strictSame(settings['member.networks'], ['198.51.100.0/24', '2001:db8::/32', '203.0.113.9'])
  t.equal(settings['syslog.tls'], 'off')
  t.equal(settings['central.url'], 'https://central.example')
})

t.test('tells all faults at once, each with its line, setting and value', async t => {
  const text = [
    'central.url = http://central.example',
    'central.pins = sha256/short',
    'Spool.quotaMib = 5',
    'spool.quotaMiB = lots',
    'syslog.udp = 514',
    'member.networks = 10.0.0.0/40',
    'nonsense',
    'syslog.tls.key = relative.pem',
    'syslog.udp = off',
  ].join('\n')
  const told = await t.rejects(async () => parseSettings(text, 'box.conf'), { code: 'settings-wrong' })
  t.ok(told)
  try {
    parseSettings(text, 'box.conf')
  } catch (error) {
    const message = String(error)
    for (const part of [
      'box.conf:1: central.url = http://central.example: must be an https:// address',
      'box.conf:2: central.pins',
      "box.conf:3: there is no setting 'Spool.quotaMib'; did you mean spool.quotaMiB?",
      'box.conf:4: spool.quotaMiB = lots',
      'box.conf:5: syslog.udp = 514',
      'box.conf:6: member.networks = 10.0.0.0/40',
      "box.conf:7: 'nonsense'",
      'box.conf:8: syslog.tls.key = relative.pem',
      "box.conf:9: 'syslog.udp' was set in line 5 already",
    ])
      t.match(message, part)
  }
})

t.test('what is wrong with the address of a proxy is told without its password, and so is what is no line of a setting', async t => {
  const told = (text: string) => {
    try {
      parseSettings(text, 'box.conf')
      return ''
    } catch (error) {
      return String(error)
    }
  }
  for (const proxy of [
    'htp://user:zqaz/zqbz@proxy.example',
    'https://user:zqaz@zqbz@proxy.example',
    'http://user:zqaz zqbz@proxy.example:99999',
    'user:zqaz@proxy.example:3128',
    'zqaz@proxy.example',
  ]) {
    const fault = told(`uplink.proxy = ${proxy}\n`)
    t.match(fault, /uplink\.proxy = .*\(not shown\)@proxy\.example/)
    t.notMatch(fault, /zqaz|zqbz/)
    t.notMatch(told(`uplink.prox = ${proxy}\nuplink.proxy ${proxy}\nhttp://user:zqaz=zqbz@proxy\n`), /zqaz|zqbz/)
  }
})

t.test('what a newer release wrote is a notice; in a text of the member it is a fault', async t => {
  const text = '# Written by cyberalarm-box apply: x\nsnow.depth = 3\nsyslog.tls = off\n'
  const settings = parseSettings(text)
  t.equal(settings['syslog.tls'], 'off')
  t.same(noticesOf(settings), ["cyberalarm.conf:2: the setting 'snow.depth' is of a newer release, and is not in use"])
  t.throws(() => parseSettings(text.slice(text.indexOf('\n') + 1)), { code: 'settings-wrong' })
})
