// The updater as a unit, on a machine with a real systemd: from the timer's service to what the guard finds, what the console asks
// for, and which of two updaters runs. Central is a real one, outside.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { until } from '../agent/testing/harness.ts'
import { promote } from '../scripts/updates/channels.ts'
import { writeOffline } from '../scripts/updates/offline.ts'
import { ThrowAway } from '../scripts/updates/throw-away.ts'
import { startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)

const unit = 'cyberalarm-update.service'
const folder = '/var/lib/cyberalarm-update'

t.test(
  'loads and hands over without any right, on request, from a file, and from the system when the release fails',
  { skip: reason ?? false },
  async t => {
    const { machine, folder: outside, settings, dropIn } = await startBox(t)
    // it comes after everything else, and a machine with tests has a lot else
    dropIn(unit, '[Service]\nNice=0\nCPUWeight=100\n')
    const makers = new ThrowAway(join(outside, 'makers'), Date.now())
    const offer = (release: number) => {
      makers.release(release, `0.${release}.0`, 50_000)
      const channel = { channel: 'stable', release, notBefore: makers.now - 1000, waves: [], minFrom: 0 }
      promote(makers.repository, channel, makers.online('channels'), makers.now)
      makers.publish()
    }
    offer(1000)
    const central = await startCentralProcess(join(outside, 'central'), 0, {
      inside: machine.network,
      options: ['--updates', makers.repository.folder],
    })
    t.teardown(central.kill)
    settings(`central.url = ${central.url}\ncentral.pins = ${central.pins.join(' ')}\n`)
    machine.sh('cat > /usr/lib/cyberalarm/update-root.json', makers.rootBytes.toString())
    machine.sh('mkdir -p /usr/lib/cyberalarm/update && touch /usr/lib/cyberalarm/update/switch')
    const journal = () => machine.sh(`journalctl -q -o cat -u ${unit}`)
    const start = () => machine.run(['systemctl', 'start', unit]).code
    const text = (path: string) => machine.run(['cat', path]).out
    const state = () => JSON.parse(text(`${folder}/state.json`))

    t.equal(start(), 0, journal())
    t.match(text(`${folder}/wanted/ready`), /^number 1000$/m)
    t.match(state(), { kind: 'handed-over', handedOver: { number: 1000 } })
    t.equal(
      machine.sh(`stat -c '%U %a' ${folder}/wanted/ready ${folder}/state.json ${folder}`),
      'cyberalarm-update 644\ncyberalarm-update 644\ncyberalarm-update 755\n',
    )
    t.match(text(`${folder}/failures`), /^0$/m)
    t.equal(start(), 0)
    t.match(
      machine.run([
        'setpriv',
        '--reuid',
        'cyberalarm-update',
        '--regid',
        'cyberalarm-update',
        '--groups',
        'cyberalarm',
        'ls',
        '/var/lib/cyberalarm',
      ]).error,
      /denied/,
      'the identity is not for it',
    )

    machine.sh(`rm ${folder}/wanted/ready; systemctl start cyberalarm-update.path`)
    machine.sh('mkdir -p /var/lib/cyberalarm-box/wanted; touch /var/lib/cyberalarm-box/wanted/update-now')
    await until(
      () => text(`${folder}/wanted/ready`),
      found => found !== '',
      240_000,
    )
    await until(
      () => machine.sh(`systemctl show -P ActiveState ${unit}`),
      found => /inactive/.test(found),
      240_000,
    )
    t.equal(text('/var/lib/cyberalarm-box/wanted/update-now'), '', 'granted once')

    offer(1001)
    const file = join(outside, 'update.tar')
    writeOffline(makers.repository, 'stable', file)
    central.kill()
    machine.sh(
      `rm ${folder}/wanted/ready; mkdir -p /var/lib/cyberalarm-update-usb; cp /packages/update.tar /var/lib/cyberalarm-update-usb/draft && mv /var/lib/cyberalarm-update-usb/draft /var/lib/cyberalarm-update-usb/update.tar`,
    )
    await until(
      () => text(`${folder}/wanted/ready`),
      found => found !== '',
      240_000,
    )
    t.match(text(`${folder}/wanted/ready`), /^number 1001$/m)
    await until(
      () => machine.sh(`systemctl show -P ActiveState ${unit}`),
      found => /inactive/.test(found),
      240_000,
    )
    t.equal(machine.run(['test', '-e', '/var/lib/cyberalarm-update-usb/update.tar']).code, 1, 'a file is tried once')
    t.match(machine.sh('systemctl show -P ActiveState cyberalarm-update.path'), /active/)

    machine.sh('systemctl stop cyberalarm-update.path')
    // a release whose updater does nothing but fail
    const release = join(outside, 'release')
    mkdirSync(join(release, 'agent/bin'), { recursive: true })
    writeFileSync(join(release, 'agent/bin/cyberalarm'), '#!/bin/sh\necho "broken: $*"; exit 1\n', { mode: 0o755 })
    cpSync(release, join(outside, 'copy'), { recursive: true })
    machine.sh(
      'rm -rf /run/cyberalarm-release; mkdir -p /run/cyberalarm-release && cp -a /packages/copy /run/cyberalarm-release/a && ln -s a /run/cyberalarm-release/current',
    )
    const ran = () =>
      [...journal().matchAll(/updater of (\S+), after (\d+) failures/g)].map(([, place, failures]) => `${place} ${failures}`)
    const before = ran().length
    for (let i = 0; i < 7; i++) t.equal(start(), 1, 'central is away')
    const a = '/run/cyberalarm-release/a'
    const system = '/usr/lib/cyberalarm'
    t.same(ran().slice(before), [`${a} 0`, `${a} 1`, `${a} 2`, `${a} 3`, `${a} 4`, `${system} 5`, `${a} 6`])
    machine.sh(`echo 0 > ${folder}/failures; touch -d '8 days ago' ${folder}/metadata.json`)
    start()
    start()
    t.same(ran().slice(-2), [`${system} 0`, `${a} 1`], 'nothing was learnt for a week')
  },
)
