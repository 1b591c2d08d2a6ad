import t from 'tap'
import { changesOf } from './changes.ts'
import { parseSettings, settingsTable } from './table.ts'

t.test('only what concerns the listeners themselves needs a restart', async t => {
  const before = parseSettings('')
  t.same(changesOf(before, parseSettings('')), { running: [], restart: [] })
  const running = {
    'central.url': 'https://central.example',
    'central.pins': `sha256/${'A'.repeat(43)}=`,
    'uplink.proxy': 'http://proxy.example:3128',
    'member.networks': '198.51.100.0/24',
    'syslog.connections': '7',
    'syslog.idleSeconds': '77',
    'spool.quotaMiB': '7',
    'ledger.quotaMiB': '7',
    'update.channel': 'candidate',
    'update.window': '02:00-05:00',
    'update.pin': '0.4.0',
    'update.rateKiB': '128',
  }
  const restart = {
    'syslog.udp': 'off',
    'syslog.tcp': 'off',
    'syslog.tls': 'off',
    'syslog.tls.certificate': '/c.pem',
    'syslog.tls.key': '/k.pem',
    'syslog.tls.clientCa': '/ca.pem',
    'nflog.groups': '5',
  }
  const text = (values: object) =>
    Object.entries(values)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join('')
  const changes = changesOf(before, parseSettings(text({ ...running, ...restart })))
  t.same([...changes.running].sort(), Object.keys(running).sort())
  t.same([...changes.restart].sort(), Object.keys(restart).sort())
  t.same([...changes.running, ...changes.restart].sort(), Object.keys(settingsTable).sort(), 'every setting is the one or the other')
})
