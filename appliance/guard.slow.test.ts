// What the guard does at a start with what lies on the disk.

import { generateKeyPairSync } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { recheckAfter, startGuard } from './test-guard.ts'
import { STATE } from './test-releases.ts'

const reason = whyNoBox()

t.test('at a start', { skip: reason ?? false }, async t => {
  const guard = await startGuard(t)
  const { machine, releases } = guard
  const [old, next] = [releases.make(10), releases.make(11)]
  const activate = (slot: string) => machine.sh(`echo ${slot} > ${STATE}/active`)
  /** Release 10 was good and is in b; release 11 is active, in a. */
  const begin = () => {
    guard.clear()
    releases.putInSlot(old, 'b')
    releases.putInSlot(next, 'a')
    activate('a')
    machine.sh(`echo 11 > ${STATE}/good`)
  }

  t.test('without anything on the disk: the release that came with the system', async t => {
    t.match(guard.open(), { state: 'factory', slot: 'factory', number: 1 })
    t.equal(machine.sh('readlink -f /run/cyberalarm-release/current'), '/usr/lib/cyberalarm\n')
  })

  t.test('a release that two of three have signed is mounted, and nobody can write into it', async t => {
    begin()
    t.match(guard.open(), { state: 'good', slot: 'a', number: 11, version: '1.0.11' })
    t.match(machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js'), /^release 11\n/)
    t.match(machine.sh('findmnt -no OPTIONS /run/cyberalarm-release/a/agent'), /^ro,nosuid,nodev,/)
    t.not(machine.run(['touch', '/run/cyberalarm-release/a/agent/new']).code, 0)
    t.equal(machine.sh(`stat -c '%a %U' ${STATE}`), '700 root\n')
  })

  t.test('signatures: one is missing, one key has signed twice, a key of nobody, two of the right ones under other names', async t => {
    const stranger = generateKeyPairSync('ed25519').privateKey
    const [one, two, three] = releases.keys
    for (const [keys, text] of [
      [[one], 'it is signed by 1 of the 2 keys that are needed'],
      [[one, one, one], 'it is signed by 1 of the 2 keys that are needed'],
      [[stranger, one], 'it is signed by 1 of the 2 keys that are needed'],
      [[], 'it is signed by 0 of the 2 keys that are needed'],
    ] as const) {
      releases.sign(next.folder, keys)
      begin()
      t.match(guard.open(), { state: 'refused', slot: 'b', number: 10, text: `slot a: ${text}` })
    }
    releases.sign(next.folder, [three, two])
    begin()
    t.match(guard.open(), { state: 'good', slot: 'a' })
  })

  t.test('a slot with which somebody meddled at rest: the one before, then that of the system', async t => {
    begin()
    const image = (release: typeof old, kind: string) =>
      `${STATE}/parts/${release.manifest.parts.find(part => part.kind === kind)?.rootHash}.img`
    const spoil = (path: string) => machine.sh(`printf x | dd of=${path} bs=1 seek=300 conv=notrunc status=none`)
    spoil(image(next, 'agent'))
    t.match(guard.open(), { state: 'refused', slot: 'b', number: 10, text: 'slot a: its agent is not what was signed' })
    t.match(machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js'), /^release 10\n/)
    spoil(image(old, 'runtime'))
    t.match(guard.open(), { state: 'refused', slot: 'factory', text: /slot a: .*; slot b: its runtime is not what was signed/ })
    begin()
    machine.sh(`rm ${image(next, 'agent')}`)
    t.match(guard.open(), { slot: 'b' }, 'or lost a part')
  })

  t.test('an old release, well signed, that somebody put back', async t => {
    begin()
    releases.putInSlot(releases.make(9), 'a')
    t.match(guard.open(), { state: 'refused', slot: 'b', text: 'slot a: its number is below 11, which was good' })
    releases.putInSlot(releases.make(8), 'b', false)
    t.match(guard.open(), { state: 'refused', slot: 'factory', text: /slot b: it was never good/ })
    begin()
    machine.sh('cp /usr/lib/cyberalarm/system /run/system && sed -i "s/^release-floor .*/release-floor 12/" /usr/lib/cyberalarm/system')
    t.match(guard.open(), { slot: 'factory', text: /slot a: its number 11 is below 12; slot b: its number 10 is below 12/ })
    machine.sh('cp /run/system /usr/lib/cyberalarm/system')
  })

  t.test('a release for a newer system, and one that is older than that of the system', async t => {
    guard.clear()
    releases.putInSlot(releases.make(12, { systemMin: 2 }), 'a')
    activate('a')
    t.match(guard.open(), { slot: 'factory', text: 'slot a: it needs system 2, and this is 1' })
    begin()
    machine.sh('cp /usr/lib/cyberalarm/release /run/release && sed -i "s/^number .*/number 20/" /usr/lib/cyberalarm/release')
    t.match(guard.open(), { slot: 'factory', number: 20 })
    machine.sh('cp /run/release /usr/lib/cyberalarm/release')
  })

  t.test('a release on its first trial is not followed, one on its second is', async t => {
    begin()
    machine.sh(`echo b > ${STATE}/active && echo 'a 1' > ${STATE}/trial && rm ${STATE}/good ${STATE}/a/good`)
    t.match(guard.open(), { state: 'taken-back', slot: 'b', number: 10, text: 'release 11 was interrupted on its trial' })
    t.not(machine.run(['test', '-e', `${STATE}/trial`]).code, 0)
    machine.sh(`echo a > ${STATE}/active && echo 'a 2 1800000000' > ${STATE}/trial`)
    t.match(guard.open(), { state: 'trial', slot: 'a', number: 11 })
  })

  t.test(
    'a block that is damaged while it runs: the agent has ended by a fault, and is the one before when it is started again',
    async t => {
      begin()
      guard.open()
      const recheck = (result: string) => machine.sh(recheckAfter(result))
      recheck('exit-code')
      t.match(guard.report(), { state: 'good', slot: 'a' }, 'another fault is none of the disk')
      const root = next.manifest.parts[1].rootHash
      machine.sh(`printf x | dd of=${STATE}/parts/${root}.img bs=1 seek=300 conv=notrunc status=none`)
      recheck('success')
      t.match(guard.report(), { state: 'good', slot: 'a' }, 'nor was anything looked for')
      recheck('exit-code')
      t.match(guard.report(), { state: 'refused', slot: 'b', number: 10, text: 'slot a: a block of it is damaged' })
      t.match(machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js'), /^release 10\n/)
      t.match(guard.open(), { state: 'refused', slot: 'b' }, 'also at the next start')
    },
  )

  t.test('rubbish in place of what the guard has kept', async t => {
    for (const rubbish of ['', '../../etc', 'a\nb', 'x'.repeat(10_000)]) {
      begin()
      writeFileSync(join(old.folder, '../rubbish'), rubbish)
      machine.sh(`for each in active good trial a/good b/good; do cp /packages/rubbish ${STATE}/$each; done`)
      const { slot } = guard.open()
      t.ok(['a', 'factory'].includes(slot), slot)
    }
    rmSync(join(old.folder, '../rubbish'))
  })
})
