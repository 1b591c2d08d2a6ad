import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseSettings } from '../../agent/settings/table.ts'
import { agentFolders, agentUsers, settingsFile } from './subset.ts'

const top = join(import.meta.dirname, '../..')
const shipped = (name: string) => readFileSync(join(top, 'appliance/rootfs/usr/lib', name), 'utf8')

t.test('one user, the same as on the appliance', async t => {
  t.equal(
    agentUsers('# x\nu cyberalarm - "A" /var/lib/cyberalarm\nu cyberalarm-console - "C" /\n'),
    'u cyberalarm - "A" /var/lib/cyberalarm\n',
  )
  t.match(agentUsers(shipped('sysusers.d/cyberalarm.conf')), /^u cyberalarm\s[^\n]+\n$/)
})

t.test('folders of the agent, none of the appliance', async t => {
  const made = agentFolders(shipped('tmpfiles.d/cyberalarm.conf'))
  t.match(made, /^d \/var\/lib\/cyberalarm 0700 cyberalarm cyberalarm$/m)
  t.match(made, /^d \/run\/cyberalarm-root 0755 root root$/m)
  t.match(made, /^L \/run\/cyberalarm-release\/current - - - - factory$/m, 'a server has no other release than that which is installed')
  t.match(made, /^z \/etc\/cyberalarm\/cyberalarm.conf 0640 root cyberalarm$/m)
  t.notMatch(agentFolders(`${shipped('tmpfiles.d/cyberalarm.conf')}\n${shipped('tmpfiles.d/box.conf')}`), /-box|console|chrony|dpkg/)
  const lines = made.trimEnd().split('\n')
  t.equal(new Set(lines).size, lines.length, 'no line twice: systemd-tmpfiles would complain')
})

t.test('a file in which the agent is not found is an error, not an empty file', async t => {
  t.throws(() => agentUsers('u somebody - - /\n'))
  t.throws(() => agentFolders('d /run/other 0755 root root\n'))
})

t.test('the settings that are installed are settings, with and without a central', async t => {
  const template = settingsFile(undefined)
  t.strictSame(parseSettings(template), parseSettings(''), 'nothing is set that has a default')
  const pins = [`sha256/${'A'.repeat(43)}=`, `sha256/${'B'.repeat(43)}=`]
  const central = { 'central.url': 'https://central.example', 'central.pins': pins }
  t.match(parseSettings(settingsFile({ url: 'https://central.example', pins })), central)
  const opened = template.replace(/^#central.*/gm, '').replace(/^#(\w+\.[\w.]+ = )/gm, '$1')
  t.match(parseSettings(opened), { 'nflog.groups': [514], 'syslog.udp': '[::]:514' }, 'and so is every line that waits behind a #')
})

t.test('settings that the documentation shows are settings', async t => {
  const page = readFileSync(join(top, 'docs/install-linux.md'), 'utf8')
  for (const [, text] of page.matchAll(/^```settings\n(.*?)^```/gms)) t.match(parseSettings(text), { 'syslog.udp': '[::]:1514' })
})
