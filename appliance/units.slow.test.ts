// Units that something sets going come to rest again, on a machine with a real systemd.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { until } from '../agent/testing/harness.ts'
import { startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)

t.test('once its code is spent, the enrolment rests', { skip: reason ?? false }, async t => {
  const { machine, folder, settings, dropIn } = await startBox(t)
  const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network })
  t.teardown(central.kill)
  settings(`central.url = ${central.url}\ncentral.pins = ${central.pins.join(' ')}\n`)
  // systemd's own folder for credentials takes access lists of its file system, which there are not everywhere
  dropIn('cyberalarm-enrol.service', '[Service]\nLoadCredential=\nEnvironment=CREDENTIALS_DIRECTORY=/run/test-credentials\n')
  machine.sh('systemctl start cyberalarm-enrol.path')
  const put = (code: string) =>
    machine.sh(
      'mkdir -p /run/test-credentials && tee /run/test-credentials/enrolment.code > /var/lib/cyberalarm-box/draft && mv /var/lib/cyberalarm-box/draft /var/lib/cyberalarm-box/enrolment.code',
      code,
    )
  const isGone = () =>
    until(
      () => machine.run(['test', '-e', '/var/lib/cyberalarm-box/enrolment.code']).code !== 0,
      gone => gone,
      60_000,
    )
  const facts = (unit: string, ...names: string[]) => machine.sh(`systemctl show ${names.map(name => `-p ${name}`).join(' ')} ${unit}`)
  const restsAfter = async (report: RegExp) => {
    await isGone()
    t.match(machine.sh('cat /run/cyberalarm-enrol/enrolment.json'), report)
    const service = () => facts('cyberalarm-enrol.service', 'ActiveState', 'NRestarts', 'InvocationID', 'ExecMainStartTimestampMonotonic')
    await until(service, text => /ActiveState=inactive/.test(text), 30_000)
    const before = service()
    await sleep(6000)
    t.equal(service(), before, 'it was not started once more')
    t.match(before, /NRestarts=0/)
    t.match(facts('cyberalarm-enrol.path', 'SubState'), /waiting/, 'and the next code will start it')
    t.match(machine.run(['ls', '/run/cyberalarm-box/enrolment.tried']).error, /No such file/)
  }
  const code = await central.makeCode()
  put(`${code}\n`)
  await restsAfter(/"state":"enrolled"/)
  machine.sh('rm -f /var/lib/cyberalarm/enrolment.json* /var/lib/cyberalarm/identity.json*')
  put(`${code}\n`)
  await restsAfter(/"state":"refused"/)
})

t.test('settings that cannot be applied are tried again a few times, and again when somebody asks', { skip: reason ?? false }, async t => {
  const { machine, dropIn } = await startBox(t)
  const unit = 'cyberalarm-settings.service'
  dropIn(unit, '[Service]\nRestartSec=100ms\n')
  machine.sh('mv /usr/lib/cyberalarm/image.json /usr/lib/cyberalarm/image.json.away')
  const begun = () => Number(machine.sh(`journalctl -q -o cat -u ${unit} --grep 'this is no CyberAlarm image' | wc -l`))
  const state = () => machine.sh(`systemctl show -P ActiveState ${unit}`).trim()
  const rests = async () => {
    await until(state, now => now === 'inactive' || now === 'failed', 60_000)
    const before = begun()
    await sleep(3000)
    t.equal(begun(), before, `it rests after ${before} attempts`)
    return before
  }
  machine.run(['systemctl', 'start', unit])
  t.equal(await rests(), 6)
  machine.run(['systemctl', 'start', unit])
  t.equal(await rests(), 12)
  machine.sh(`mv /usr/lib/cyberalarm/image.json.away /usr/lib/cyberalarm/image.json; systemctl start ${unit}`)
  t.equal(machine.sh(`systemctl show -P Result ${unit}`).trim(), 'success')
})

t.test('a request is never one too many: no path unit stops watching', { skip: reason ?? false }, async t => {
  const { machine } = await startBox(t)
  const paths = machine.sh('cd /usr/lib/systemd/system && ls cyberalarm-*.path').trim().split('\n')
  t.ok(paths.length >= 5, paths.join(', '))
  for (const path of paths) {
    const service = machine.sh(`systemctl show -P Triggers ${path}`).trim()
    t.equal(machine.sh(`systemctl show -P StartLimitIntervalUSec ${service}`).trim(), '0', service)
  }
  // a request that cannot be taken away is looked at again, but not all the time
  machine.sh('mkdir -p /var/lib/cyberalarm-box/wanted && systemctl start cyberalarm-diagnostics.path')
  machine.sh(
    "mkdir -p /run/systemd/system/cyberalarm-diagnostics.service.d && printf '[Service]\\nExecStart=\\nExecStart=/bin/true\\n' > /run/systemd/system/cyberalarm-diagnostics.service.d/true.conf && systemctl daemon-reload",
  )
  machine.sh('touch /var/lib/cyberalarm-box/wanted/diagnostics')
  await until(
    () => machine.sh('systemctl show -P ActiveState cyberalarm-diagnostics.service').trim(),
    state => state === 'deactivating',
  )
  await sleep(2000)
  t.equal(machine.sh('systemctl show -P ActiveState cyberalarm-diagnostics.service').trim(), 'deactivating', 'it waits')
  machine.sh('rm /var/lib/cyberalarm-box/wanted/diagnostics')
})
