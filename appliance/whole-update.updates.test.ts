// An update from end to end, with nothing in between that a test does by hand: the makers sign and publish a release of the real agent, a
// real central serves it, the updater's unit learns of it, verifies and loads it, the guard changes to it and judges it, while messages
// come in. Then one that crashes, which the box leaves by itself and does not take again; and the one that mends it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../agent/testing/harness.ts'
import manifest from '../package.json' with { type: 'json' }
import { makeRelease } from '../scripts/release-parts.ts'
import { promote } from '../scripts/updates/channels.ts'
import { exportForImages } from '../scripts/updates/for-images.ts'
import { addRelease } from '../scripts/updates/releases.ts'
import { ThrowAway } from '../scripts/updates/throw-away.ts'
import { whyNoBox } from './test-box-machine.ts'
import { startEnrolledBox } from './test-enrolled-box.ts'
import type { Report } from './test-guard.ts'
import { first, type Patch, prepareGuard, realSources } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(900_000)
const bundle = join(import.meta.dirname, '../build/release/agent/lib')

t.test('from the signatures of the makers to the agent that runs', { skip: reason ?? false }, async t => {
  let makers: ThrowAway | undefined
  const box = await startEnrolledBox(t, {
    updates: 'makers/repository',
    settings: { 'update.rateKiB': '65536' },
    prepare: before => {
      const { machine, folder, dropIn } = before
      prepareGuard(t, before)
      makers = new ThrowAway(join(folder, 'makers'), Date.now())
      exportForImages(makers.repository, join(folder, 'trust'), true)
      machine.sh('cp /packages/trust/keys/*.pem /usr/lib/cyberalarm/keys/ && cp /packages/trust/update-root.json /usr/lib/cyberalarm/')
      dropIn('cyberalarm-update.service', '[Service]\nNice=0\nCPUWeight=100\n')
      dropIn('cyberalarm-judge@.service', '[Service]\nEnvironment=CYBERALARM_PROBATION_SECONDS=8\n')
    },
  })
  if (makers === undefined) throw new Error('the box was not prepared')
  const { machine, folder } = box
  const { repository } = makers
  const publish = (number: number, patch?: Patch) => {
    if (makers === undefined) return
    makers.now = Date.now()
    const made = join(folder, `release-${number}`)
    const numbers = { version: `1.0.${number}`, number, systemMin: 1, reads: 2, writes: 1 }
    const release = makeRelease(made, numbers, realSources(folder, number, withNumbers(numbers.version, number, patch)))
    addRelease(repository, release, join(made, 'parts'), makers.signers('targets', 'anna', 'ben'), makers.now)
    const channel = { channel: 'stable', release: number, notBefore: makers.now - 1000, waves: [], minFrom: 0 }
    promote(repository, channel, makers.online('channels'), makers.now)
    makers.publish()
  }
  const report = () => JSON.parse(machine.sh('cat /run/cyberalarm-release/report.json')) as Report
  /** The updater's unit, as if an hour had gone by: after a failure it does not ask whether it is its turn. */
  const ask = () => machine.sh('echo 1 > /var/lib/cyberalarm-update/failures; systemctl start cyberalarm-update.service')
  /** What the timer does once an hour; gives what the guard says once it says something of this release. */
  const updateTo = async (number: number) => {
    ask()
    const isOf = (now: Report) => now.number === number || now.text.includes(`release ${number} `)
    return until(report, now => isOf(now) && now.text !== 'on trial for a minute', 300_000)
  }
  const check = () => machine.sh('/run/cyberalarm-release/current/agent/bin/cyberalarm update --check')
  machine.sh('systemctl restart cyberalarm-release.service && systemctl start cyberalarm-switch.path cyberalarm-update.path')
  t.match(report(), { state: 'factory' })
  const sending = box.send({ udp: 300, tcp: 100, packets: 20 })

  publish(1001)
  t.match(await updateTo(1001), { state: 'trial', slot: 'a', number: 1001, text: 'on trial for a day' })
  t.match(machine.sh('readlink -f /run/cyberalarm-release/current'), /\/a$/m)
  t.match(machine.sh('cat /run/cyberalarm-release/current/agent/lib/number'), /^1001$/m)
  t.match(await box.isUp('1.0.1001'), { running: true })
  machine.sh('/usr/lib/cyberalarm/update/keep')

  const sent = await sending.end()
  t.equal(sent.connections, 1, 'the TCP connection of the sender was never closed')

  publish(1002, first('setTimeout(() => process.exit(1), 2000)'))
  t.match(await updateTo(1002), { state: 'taken-back', slot: 'a', number: 1001, text: /release 1002 .*\[restarted\]/ })
  await box.isUp()
  ask()
  t.equal(machine.run(['test', '-e', '/var/lib/cyberalarm-update/wanted/ready']).code, 1, 'it is not handed over a second time')
  t.match(report(), { state: 'taken-back', number: 1001 })
  t.match(check(), /has tried this release and gone back/)

  publish(1003)
  t.match(await updateTo(1003), { state: 'trial', slot: 'b', number: 1003, text: 'on trial for a day' })
  machine.sh('/usr/lib/cyberalarm/update/keep')
  t.match(await box.isUp('1.0.1003'), { running: true })
  t.match(check(), /running {2}1\.0\.1003 \(release 1003\)/)
})

/** The numbers are in the bundle, which is made of package.json, and beside it. */
const withNumbers =
  (version: string, release: number, patch: Patch | undefined): Patch =>
  (read, write) => {
    write('package.json', JSON.stringify({ ...JSON.parse(read('package.json')), version, release }))
    const stated = `version: "${manifest.version}",\n  release: ${manifest.release},`
    const file = readdirSync(bundle).find(name => name.endsWith('.js') && read(name).includes(stated))
    if (file === undefined) throw new Error('no file of the bundle states its release')
    write(file, read(file).replace(stated, `version: "${version}",\n  release: ${release},`))
    patch?.(read, write)
  }
