// A package that brings a root of trust: the machine says when a newer release is there, installs nothing, and is left as it was.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Status } from '../../agent/health/status-schema.ts'
import { startCentralProcess } from '../../agent/testing/central-process.ts'
import { until } from '../../agent/testing/harness.ts'
import { promote } from '../updates/channels.ts'
import { ThrowAway } from '../updates/throw-away.ts'
import { startMachine, whyNoMachine } from './test-machine.ts'
import { makeQuickly, whyNoPackages } from './test-release.ts'

const reason = whyNoPackages() ?? whyNoMachine()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)

const folder = mkdtempSync(join(tmpdir(), 'ca-packages-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const families = [
  { name: 'deb', install: 'dpkg -i', remove: 'dpkg --purge cyberalarm' },
  { name: 'rpm', install: 'rpm -U --nodeps --force-debian', remove: 'cyberalarm-remove-data --yes' },
] as const

t.test('says that a newer release is there', { skip: reason ?? false }, async t => {
  const makers = new ThrowAway(join(folder, 'makers'), Date.now())
  makers.release(1000, '9.0.0', 1000)
  const channel = { channel: 'stable', release: 1000, notBefore: makers.now - 1000, waves: [], minFrom: 0 }
  promote(makers.repository, channel, makers.online('channels'), makers.now)
  makers.publish()
  const made = makeQuickly(folder, '1.2.9', makers.rootBytes)
  for (const { name, install, remove } of families)
    await t.test(`as a .${name}`, async t => {
      const machine = await startMachine(folder)
      t.teardown(machine.close)
      const options = ['--updates', makers.repository.folder]
      const central = await startCentralProcess(join(folder, `central-${name}`), 0, { inside: machine.network, options })
      t.teardown(central.kill)
      const who = () =>
        machine.sh('getent passwd; getent group; find /var/lib -maxdepth 1 -name "cyberalarm*"; find /usr/lib/cyberalarm* || true')
      const before = who()
      machine.sh(`${install} /packages/${name === 'deb' ? made.deb : made.rpm}`)
      machine.sh(
        `printf 'central.url = ${central.url}\\ncentral.pins = ${central.pins.join(' ')}\\n' >> /etc/cyberalarm/cyberalarm.conf; cyberalarm-restart`,
      )
      t.equal(machine.sh('systemctl is-active cyberalarm-update.timer').trim(), 'active')
      machine.sh('systemctl start cyberalarm-update.service')
      const status = await until(
        () => JSON.parse(machine.run(['cyberalarm', 'status', '--json']).out || '{}') as Status,
        now => now.running === true && now.update !== null,
      )
      t.match(status.update, { kind: 'now', offered: { version: '9.0.0', number: 1000 } })
      const finding = status.findings.find(({ code }) => code === 'update-available')
      t.match(finding, { severity: 'warning', detail: /CyberAlarm 9\.0\.0 is there; this machine has / })
      t.equal(
        machine.sh('ls /var/lib/cyberalarm-update').trim(),
        'failures\nlock\nmetadata.json\nmetadata.json.copy\nstate.json',
        'nothing is loaded',
      )
      t.match(machine.run(['cyberalarm', 'update', '--now']), { code: 1, error: /update-by-package/ })
      machine.sh(remove)
      t.equal(who(), before, 'removed with its data, nothing is left')
    })
})
