// One session of the built image, for what a machine of namespaces cannot show: a release of the agent under dm-verity, a block of it
// changed on the disk while it runs, and a system without the driver of its network card taken back. `make test-updates`.
import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bringsBatch } from './collecting.ts'
import * as ground from './ground.ts'
import { Machine } from './machine.ts'
import { nextReleaseOnStick } from './next-release.ts'
import { fillSlotB } from './other-slot.ts'

const MINUTES = 60
/** How long a system on trial has to get what the one before had. */
const PATIENCE = 120
const obstacle = ground.obstacle()
t.setTimeout(60 * 60 * 1000)

const REPORT = '$$(cat /run/cyberalarm-release/report.json)'
const SLOT = '/run/cyberalarm-release'
const WANTED = '/var/lib/cyberalarm-update/wanted'
const until = (condition: string): string => `until ${condition}; do sleep 1; done`
const RECEIPT = '$$(/usr/lib/cyberalarm/agent/bin/cyberalarm status --json | grep -o "lastReceiptAt[^,]*")'
/** The test sends messages now, and waits for the batch. */
const collected = `was="${RECEIPT}"; ${until(`test "${RECEIPT}" != "$$was"`)}`
/** What the unit does in the first start, and what in those after it. */
const first = [
  `mkdir -p ${WANTED}/parts; stick=$$(ls /dev/disk/by-id/usb-* | head -n 1)`,
  `mcopy -n -i $$stick "::/manifest*" ${WANTED}/ && mcopy -n -i $$stick "::/parts/*" ${WANTED}/parts/ && sync`,
  `echo "number 2" > ${WANTED}/draft && mv ${WANTED}/draft ${WANTED}/ready && echo HANDED-OVER`,
  until(`test ! -e ${WANTED}/ready`),
  `echo "SWITCHED ${REPORT}"`,
  `echo "MOUNTED $$(findmnt -n -o SOURCE,FSTYPE,OPTIONS ${SLOT}/a/agent) $$(cat /sys/block/dm-*/dm/uuid | tr "\\n" " ")"`,
  'echo "RUNS $$(/usr/lib/cyberalarm/agent/bin/cyberalarm status --json)"',
  collected,
  // the block in the middle of the agent, which is the smaller of the two parts
  'part=$$(ls -S /var/lib/cyberalarm-releases/parts/*.img | tail -n 1); blocks=$$(($$(stat -c %s $$part) / 8192))',
  'dd if=/dev/zero of=$$part bs=4096 seek=$$((blocks / 2)) count=$$((blocks / 2)) conv=notrunc,fsync status=none',
  'sync; echo 3 > /proc/sys/vm/drop_caches; systemctl kill -s SEGV cyberalarm-agent; echo DAMAGED',
  until(`test "$$(readlink ${SLOT}/current)" = factory && /usr/lib/cyberalarm/agent/bin/cyberalarm status > /dev/null`),
  `echo "FELL-BACK ${REPORT}"`,
  collected,
  'mkdir -p /var/lib/cyberalarm-base; /usr/lib/cyberalarm/base/try-slot a b no-packages && echo TRIES && sync && systemctl reboot',
].join('; ')
const unit = {
  name: 'session.service',
  text: `[Service]
StandardOutput=file:/dev/ttyS0
StandardError=inherit
ExecStart=/bin/sh -c '${[
    'slot=$$(grep -o "slot=[ab]" /proc/cmdline); echo "BEGINS $$slot"',
    until('systemctl is-active -q cyberalarm-guard && test "$$(systemctl show -P SubState cyberalarm-guard)" = exited'),
    until('test -s /var/lib/cyberalarm/identity.json'),
    'test ! -e /var/lib/cyberalarm-base/report.json || echo "REPORT $$(cat /var/lib/cyberalarm-base/report.json)"',
    'echo "GOOD $$slot"',
    `test -e /var/lib/cyberalarm-base/before-trial || { ${first}; }`,
  ].join('; ')}'
`,
}

if (obstacle !== undefined) t.test('a box mends itself', { skip: obstacle }, async () => undefined)
else {
  ground.ready()
  const central = await ground.startCentral()
  t.teardown(() => central.kill())
  const disk = ground.copyOf(ground.diskOfImage(ground.buildImage(central)), 'mends.raw')
  const { stick, version } = nextReleaseOnStick()
  fillSlotB(disk, root => {
    const drivers = globSync(join(root, 'usr/lib/modules/*/kernel/drivers/net/virtio_net.ko*'))
    if (drivers.length === 0) throw new Error('the kernel of the image has no module virtio_net')
    for (const driver of drivers) rmSync(driver)
  })
  const machine = await Machine.start({
    disk,
    stick,
    folder: ground.folderOf('mends'),
    firmware: 'bios',
    cd: ground.makeOvfDisc('mends', { 'enrolment-code': await central.makeCode() }),
    network: { centralPort: Number(new URL(central.url).port) },
    unit,
    dropins: { 'cyberalarm-guard.service': `[Service]\nEnvironment=CYBERALARM_TRIAL_SECONDS=${PATIENCE}\n` },
  })
  t.teardown(() => machine.cut())
  const seconds = () => `${((performance.now() - machine.startedAt) / 1000).toFixed(0)} s`
  const said = (word: string) => machine.serial.split('\n').findLast(line => line.startsWith(word)) ?? `nothing of ${word}`

  await t.test('a release is verified by dm-verity, and runs', async t => {
    await machine.says('HANDED-OVER', 20 * MINUTES)
    t.comment(`the first start is good after ${seconds()}`)
    await machine.says('RUNS', 10 * MINUTES)
    t.comment(`the release is on its trial after ${seconds()}`)
    t.match(said('SWITCHED'), /"state":"trial","slot":"a".*on trial for a day/)
    t.match(said('MOUNTED'), /^MOUNTED \S+ +squashfs ro,nosuid,nodev.*CRYPT-VERITY-.*cyberalarm-a-agent/)
    t.match(said('RUNS'), `"version":"${version}"`, 'the agent is that of the release')
    t.ok(await bringsBatch(machine, 90), 'and brings a batch to central')
  })

  await t.test('a block of the running release is changed on the disk: the agent of the system takes over', async t => {
    await machine.says('FELL-BACK', 10 * MINUTES)
    t.comment(`back after ${seconds()}`)
    t.match(said('FELL-BACK'), /"state":"refused","slot":"factory".*a block of it is damaged/)
    t.ok(await bringsBatch(machine, 90), 'the box collects as before')
  })

  await t.test('a system without its network driver is taken back', async t => {
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
