// A system that came up without the driver of its network card is taken back: nothing else on the box shows that it is lost.
// A start of the slot that is good, a trial of the other, and the slot from before again: `make test-updates`.
import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bringsBatch } from './collecting.ts'
import * as ground from './ground.ts'
import { Machine } from './machine.ts'
import { fillSlotB } from './other-slot.ts'

const MINUTES = 60
/** How long a system on trial has to get what the one before had. */
const PATIENCE = 120
const obstacle = ground.obstacle()
t.setTimeout(60 * 60 * 1000)

/** Says which slot runs; has slot b tried as soon as this start is good; says what became of it. */
const trialUnit = {
  name: 'trial.service',
  text: `[Service]
StandardOutput=file:/dev/ttyS0
StandardError=inherit
ExecStart=/bin/sh -c '${[
    'slot=$$(grep -o "slot=[ab]" /proc/cmdline); echo "BEGINS $$slot"',
    'until systemctl is-active -q cyberalarm-guard && test "$$(systemctl show -P SubState cyberalarm-guard)" = exited; do sleep 1; done',
    'until test -s /var/lib/cyberalarm/identity.json; do sleep 1; done',
    'test ! -e /var/lib/cyberalarm-base/report.json || echo "REPORT $$(cat /var/lib/cyberalarm-base/report.json)"',
    'echo "GOOD $$slot"',
    'mkdir -p /var/lib/cyberalarm-base; test -e /var/lib/cyberalarm-base/before-trial || { /usr/lib/cyberalarm/base/try-slot a b no-packages && echo TRIES && sync && systemctl reboot; }',
  ].join('; ')}'
`,
}

if (obstacle !== undefined) t.test('a system without its network driver is taken back', { skip: obstacle }, async () => undefined)
else {
  ground.ready()
  const central = await ground.startCentral()
  t.teardown(() => central.kill())
  const disk = ground.copyOf(ground.diskOfImage(ground.buildImage(central)), 'driver.raw')
  fillSlotB(disk, root => {
    const drivers = globSync(join(root, 'usr/lib/modules/*/kernel/drivers/net/virtio_net.ko*'))
    if (drivers.length === 0) throw new Error('the kernel of the image has no module virtio_net')
    for (const driver of drivers) rmSync(driver)
  })
  const machine = await Machine.start({
    disk,
    folder: ground.folderOf('driver'),
    firmware: 'bios',
    cd: ground.makeOvfDisc('driver', { 'enrolment-code': await central.makeCode() }),
    network: { centralPort: Number(new URL(central.url).port) },
    unit: trialUnit,
    dropins: { 'cyberalarm-guard.service': `[Service]\nEnvironment=CYBERALARM_TRIAL_SECONDS=${PATIENCE}\n` },
  })
  t.teardown(() => machine.cut())
  const seconds = () => `${((performance.now() - machine.startedAt) / 1000).toFixed(0)} s`

  await t.test('a system without its network driver is taken back', async t => {
    await machine.says('TRIES', 20 * MINUTES)
    t.comment(`slot a is good after ${seconds()}`)
    await machine.says('BEGINS slot=b', 10 * MINUTES)
    t.comment(`slot b starts after ${seconds()}`)
    const before = machine.serial.length
    await machine.says('REPORT', 20 * MINUTES)
    const since = machine.serial.slice(before)
    t.comment(`back in slot a after ${seconds()}`)
    t.match(since, /BEGINS slot=a/, 'the slot from before starts again')
    t.notMatch(since, /GOOD slot=b/, 'the one without a driver is not confirmed')
    t.match(since, /REPORT \{.*"state":"taken-back".*slot b came up without card 1/, 'and the box says why')
    t.ok(await bringsBatch(machine, 90), 'it collects as before')
    await machine.shutDown(90)
  })
}
