// A package whose agent does not come up does not install well: the package manager and the administrator are told.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { makePackages } from './make.ts'
import { startMachine, whyNoMachine } from './test-machine.ts'
import { makeQuickly, whyNoPackages } from './test-release.ts'

const reason = whyNoPackages() ?? whyNoMachine()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)
const folder = mkdtempSync(join(tmpdir(), 'ca-packages-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const said = /the agent does not run[\s\S]*Error: broken for a test[\s\S]*cyberalarm-restart/

t.test('an agent that does not come up', { skip: reason ?? false }, async t => {
  const release = join(folder, 'release')
  cpSync(join(import.meta.dirname, '../../build/release'), release, { recursive: true })
  writeFileSync(join(release, 'agent/lib/main.js'), 'throw new Error("broken for a test")\n')
  const broken = makePackages({ release, folder, version: '1.10.0', time: 1_800_000_000, central: undefined, isQuick: true })
  const whole = makeQuickly(folder, '1.11.0')
  const machine = await startMachine(folder)
  t.teardown(machine.close)
  const state = () => machine.sh('dpkg --status cyberalarm | grep ^Status:')

  await t.test('where no systemd runs, as while an image is built, nothing is started and nothing waited for', async t => {
    machine.sh(`unshare -m sh -c 'mount -t tmpfs none /run && dpkg -i /packages/${broken.deb}'`)
    t.match(state(), / installed\n*$/)
    machine.sh('dpkg --purge cyberalarm')
  })

  await t.test('as a .deb', async t => {
    const { code, error } = machine.run(['dpkg', '-i', `/packages/${broken.deb}`])
    t.not(code, 0)
    t.match(error, said)
    t.match(error, /finish the installation with: dpkg --configure cyberalarm/)
    t.match(state(), /half-configured/)
    t.not(machine.run(['cyberalarm-restart']).code, 0, 'a restart says the same')
    machine.sh(`dpkg -i /packages/${whole.deb}`)
    t.match(state(), / installed\n*$/, 'a whole one puts it right')
    machine.sh('echo "syslog.udp = nonsense" >> /etc/cyberalarm/cyberalarm.conf')
    const wrong = machine.run(['dpkg', '-i', `/packages/${whole.deb}`])
    t.not(wrong.code, 0)
    t.match(wrong.error, /syslog\.udp = nonsense.*\[settings-wrong\][\s\S]*the agent does not run/)
    machine.sh("sed -i '/nonsense/d' /etc/cyberalarm/cyberalarm.conf && cyberalarm-restart && dpkg --configure cyberalarm")
    t.match(state(), / installed\n*$/, 'and so does what was advised')
    machine.sh('dpkg --purge cyberalarm')
  })

  await t.test('as an .rpm', async t => {
    const { code, out, error } = machine.run(['rpm', '-U', '--nodeps', '--force-debian', `/packages/${broken.rpm}`])
    t.match(error, said)
    t.match(out + error, /posttrans.*scriptlet failed, exit status 1/i)
    t.comment(`rpm ends with ${code}`)
  })
})
