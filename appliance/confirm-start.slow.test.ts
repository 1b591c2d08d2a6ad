// Which start is good: the real guard, agent and central on a machine with a real systemd. Only the pauses are shorter.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { until } from '../agent/testing/harness.ts'
import { BOOT, bootEnvironment, startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)
const PACKAGES = 'a'.repeat(64)

t.test('a start on trial', { skip: reason ?? false }, async t => {
  const box = await startBox(t)
  const { machine, folder } = box
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'sleep'), '#!/bin/sh\nexec /usr/bin/sleep 0.3\n', { mode: 0o755 })
  const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network })
  t.teardown(central.kill)
  const pause = () => central.child.kill('SIGSTOP')
  const resume = () => central.child.kill('SIGCONT')
  box.settings(`central.url = ${central.url}\ncentral.pins = ${central.pins.join(' ')}\n`)
  const patience = (seconds: number) =>
    box.dropIn(
      'cyberalarm-guard.service',
      `[Unit]\nFailureAction=none\n[Service]\nEnvironment=PATH=/packages/bin:/usr/sbin:/usr/bin ${bootEnvironment} CYBERALARM_TRIAL_SECONDS=${seconds}\n`,
    )
  const memory = () => machine.sh(`head -n 4 ${BOOT}`).split('\n').slice(1).join(' ').trim()
  const choice = (...words: string[]) => machine.sh(`env ${bootEnvironment} /usr/lib/cyberalarm/base/boot-choice ${words.join(' ')}`)
  const file = (name: string) => machine.run(['cat', `/var/lib/cyberalarm-base/${name}`]).out
  /** As GRUB does with a trial. */
  const start = (slot: string) => {
    box.runs(slot)
    choice('write', 'a')
    machine.sh('systemctl restart cyberalarm-guard')
  }
  const guard = () => machine.sh('systemctl show -p SubState -p Result cyberalarm-guard').replaceAll('\n', ' ')
  const ended = () => until(guard, text => !text.includes('SubState=running'), 90_000)
  const network = (what: 'add' | 'del') => {
    if (what === 'add') {
      machine.sh('mount -t tmpfs cards /sys/class/net && mkdir -p /sys/class/net/eth0/device && echo 1 > /sys/class/net/eth0/type')
      machine.sh(
        'ip link add wan type veth peer name far && ip link set far up && ip address add 192.0.2.10/24 dev wan && ip link set wan up && ip route add default via 192.0.2.1',
      )
    } else machine.sh('umount /sys/class/net; ip link del wan')
  }
  machine.sh('systemctl start cyberalarm-agent')
  patience(60)

  await t.test('an offline box is confirmed, on trial and not', async t => {
    machine.sh(`rm -f /var/lib/cyberalarm-base/before-trial`)
    pause()
    start('b')
    t.match(await ended(), /SubState=exited/)
    t.equal(memory(), 'slot=b unconfirmed= trial=', 'nothing is known of the system before')
    choice('write', 'a')
    box.runs('a')
    machine.sh(`env ${bootEnvironment} /usr/lib/cyberalarm/base/try-slot a b ${PACKAGES}`)
    t.equal(file('before-trial'), '', 'the system before had no network')
    start('b')
    t.match(await ended(), /SubState=exited/)
    t.equal(memory(), 'slot=b unconfirmed= trial=')
    resume()
  })

  await t.test('what the system before had is written down, and a system that has it too is confirmed', async t => {
    network('add')
    choice('write', 'a')
    box.runs('a')
    machine.sh(`env ${bootEnvironment} /usr/lib/cyberalarm/base/try-slot a b ${PACKAGES}`)
    t.equal(memory(), 'slot=a unconfirmed= trial=b')
    t.equal(file('before-trial'), 'card 1\nroute 4\ncentral\n')
    t.equal(file('tried').trim().split('\n').at(-1), PACKAGES)
    start('b')
    t.match(await ended(), /SubState=exited/)
    t.equal(memory(), 'slot=b unconfirmed= trial=')
  })

  await t.test('a system without the card and the route is not, though its agent answers, until they are there', async t => {
    network('del')
    start('b')
    t.equal(machine.run(['/usr/lib/cyberalarm/agent/bin/cyberalarm', 'status']).code, 0)
    machine.sh('/usr/bin/sleep 8')
    t.match(guard(), /SubState=running/)
    t.equal(memory(), 'slot=a unconfirmed= trial=')
    network('add')
    t.match(await ended(), /SubState=exited/)
    t.equal(memory(), 'slot=b unconfirmed= trial=')
  })

  await t.test('and is given up when its time is over', async t => {
    network('del')
    patience(6)
    start('b')
    t.match(await ended(), /Result=exit-code/)
    t.equal(memory(), 'slot=a unconfirmed= trial=')
    t.match(JSON.parse(file('report.json')), { state: 'taken-back', slot: 'b', text: 'slot b came up without card 1, route 4' })
    t.equal(file('given-up'), '', 'the network may have been down: the packages are tried on another night')
    network('add')
  })

  await t.test('nor is one that does not get to central, where the one before did', async t => {
    pause()
    start('b')
    t.match(await ended(), /Result=exit-code/)
    t.match(JSON.parse(file('report.json')), { text: 'slot b came up without central' })
    resume()
  })

  await t.test('one whose agent does not come up is blamed on its packages', async t => {
    machine.sh('systemctl stop cyberalarm-agent.service cyberalarm-udp.socket cyberalarm-tcp.socket cyberalarm-tls.socket')
    start('b')
    t.match(await ended(), /Result=exit-code/)
    t.match(JSON.parse(file('report.json')), { state: 'taken-back', text: /did not come up/ })
    t.equal(file('given-up').trim(), PACKAGES)
    machine.sh('systemctl start cyberalarm-agent')
  })

  await t.test('a slot that proved good before is asked for no network', async t => {
    network('del')
    await central.kill()
    choice('write', 'b')
    box.runs('b')
    machine.sh('systemctl restart cyberalarm-guard')
    t.match(await ended(), /SubState=exited/)
    t.equal(memory(), 'slot=b unconfirmed= trial=')
  })
})
