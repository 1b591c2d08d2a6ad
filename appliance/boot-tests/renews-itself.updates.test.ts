// A box gets newer packages into its other slot, starts it, and goes on collecting; newer packages with which it does not come up
// are taken back. The newer ones bring another kernel. Takes about an hour, so it runs by `make test-updates`, not with the others.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { uncleanIn } from '../hygiene.ts'
import { bringsBatch } from './collecting.ts'
import * as ground from './ground.ts'
import { Machine } from './machine.ts'
import { fetchOtherKernel } from './other-kernel.ts'
import { type Package, Repository } from './repository.ts'
import { lookInto } from './slot.ts'

const MINUTES = 60
const obstacle = ground.obstacle()
// of all packages of the image the one that nothing else reads
const newer = (version: string, over: Partial<Package> = {}): Package => ({
  name: 'pci.ids',
  version,
  architecture: 'all',
  file: '/usr/share/misc/pci.ids',
  text: `version ${version}\n`,
  ...over,
})

t.setTimeout(180 * 60 * 1000)

/** Says which slot runs and what it has, once the start was confirmed; then looks for updates again and again. */
const lookerUnit = (sources: string) => ({
  name: 'looker.service',
  text: `[Service]
StandardOutput=file:/dev/ttyS0
ExecStart=/bin/sh -c '${[
    'slot=$$(grep -o "slot=[ab]" /proc/cmdline); echo "BEGINS $$slot"',
    'until systemctl is-active -q cyberalarm-guard && test "$$(systemctl show -P SubState cyberalarm-guard)" = exited; do sleep 1; done',
    'echo "GOOD $$slot $$(uname -r) $$(head -c 30 /usr/share/misc/pci.ids | tr "\\n" " ")"',
    `mkdir -p /run/looker; echo ${Buffer.from(sources).toString('base64')} | base64 -d > /run/looker/test.sources`,
    'while sleep 5; do systemctl start cyberalarm-base; echo "LOOKED $$slot $$(cat /var/lib/cyberalarm-base/report.json)"; done',
  ].join('; ')}'
`,
})

if (obstacle !== undefined) t.test('a box renews its system', { skip: obstacle }, async () => undefined)
else {
  ground.ready()
  const central = await ground.startCentral()
  const repository = new Repository(join(ground.folder, 'repository'))
  t.teardown(() => Promise.all([central.kill(), repository.close()]))
  const kernel = fetchOtherKernel(join(ground.folder, 'kernel'))
  const image = ground.buildImage(central)
  const disk = ground.copyOf(ground.diskOfImage(image), 'renewed.raw')
  const cd = ground.makeOvfDisc('renewed', { 'enrolment-code': await central.makeCode() })
  const port = await ground.freePort()
  const unit = lookerUnit(repository.sources(`http://10.0.2.2:${port}/`))
  const sources = '[Service]\nBindReadOnlyPaths=/run/looker:/etc/apt/sources.list.d\nInaccessiblePaths=/etc/apt/sources.list\n'
  const dropins = { 'cyberalarm-base.service': sources }
  const machine = await Machine.start({
    disk,
    folder: ground.folderOf('renewed'),
    firmware: 'bios',
    cd,
    network: { centralPort: Number(new URL(central.url).port) },
    unit,
    dropins,
  })
  t.teardown(() => machine.cut())
  const seconds = () => ((performance.now() - machine.startedAt) / 1000).toFixed(0)

  await t.test('a server that cannot be reached is said, and nothing is changed', async t => {
    await machine.says('GOOD slot=a', 20 * MINUTES)
    await machine.says('"state":"failed"', 20 * MINUTES)
    t.match(machine.serial, /LOOKED slot=a \{.*"text":"while asking 10\.0\.2\.2:\d+ for newer packages: .*"\}/)
  })

  await t.test('newer packages, a kernel among them, come into slot b, which starts and collects', async t => {
    const chooser = { name: 'linux-image-amd64', version: '9999.1', architecture: 'amd64', depends: `linux-image-${kernel.name}` } as const
    repository.publish(newer('9999.1'), chooser, kernel)
    await repository.listen(port)
    await machine.says(`GOOD slot=b ${kernel.name} version 9999.1`, 60 * MINUTES)
    t.comment(`slot b is good after ${seconds()} s`)
    t.ok(await bringsBatch(machine, 90), 'a batch of slot b is at central')
    await machine.says('LOOKED slot=b {', 20 * MINUTES)
    t.match(machine.serial, /LOOKED slot=b \{.*"state":"current"/)
  })

  await t.test('newer packages with which the agent does not come up are taken back, and not tried again', async t => {
    repository.publish(newer('9999.2', { afterwards: 'rm /usr/lib/cyberalarm/agent/lib/main.js' }))
    const before = machine.serial.length
    await machine.says('"state":"taken-back"', 60 * MINUTES)
    t.comment(`taken back after ${seconds()} s`)
    const since = machine.serial.slice(before)
    t.match(since, /BEGINS slot=a[\s\S]*BEGINS slot=b[\s\S]*GOOD slot=b \S+ version 9999\.1/, 'the other slot was tried, and left')
    t.notMatch(since, /GOOD slot=a/)
    t.match(since, /LOOKED slot=b \{.*"state":"taken-back"/)
  })

  await t.test('what the box made is as clean as what was built', async t => {
    await machine.screen(join(ground.folderOf('renewed'), 'screen.ppm'))
    await machine.shutDown(90)
    for (const name of ['root-a', 'root-b'])
      lookInto(t, disk, name, place => {
        t.strictSame(uncleanIn(place), [], name)
        t.strictSame(readdirSync(join(place, 'usr/lib/modules')), [kernel.name], `${name} has the newer kernel alone`)
      })
  })
}
