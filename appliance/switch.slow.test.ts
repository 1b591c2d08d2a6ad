// What the guard does with a release that was handed over. The judge stands aside here: it says what the test wants.
import { generateKeyPairSync } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../agent/testing/harness.ts'
import { whyNoBox } from './test-box-machine.ts'
import { startGuard } from './test-guard.ts'
import { type SignedRelease, STATE, WANTED } from './test-releases.ts'

const reason = whyNoBox()

t.test('a release that is handed over', { skip: reason ?? false }, async t => {
  const guard = await startGuard(t)
  const { machine, releases } = guard
  const isThere = (path: string) => machine.run(['test', '-e', path]).code === 0
  /** Waits until the guard has ended with it. */
  const handOver = async (release: SignedRelease) => {
    releases.handOver(release)
    await until(
      () => !isThere(`${WANTED}/ready`) && machine.run(['systemctl', 'is-active', 'cyberalarm-switch']).out.trim() === 'inactive',
      done => done,
      60_000,
    )
    return guard.report()
  }
  const active = () => machine.sh(`cat ${STATE}/active`).trim()
  guard.open()

  t.test('is taken into a slot, started, and after its first minute is what the box starts with', async t => {
    t.match(await handOver(releases.make(2)), { state: 'trial', slot: 'a', number: 2, version: '1.0.2' })
    t.equal(guard.ran(), 'release 2\n')
    t.equal(active(), 'a')
    t.match(machine.sh(`cat ${STATE}/trial`), /^a 2 \d{10}\n$/)
    t.notOk(isThere(`${STATE}/good`), 'it is not good yet')
    t.equal(machine.sh(`stat -c '%a %U' ${STATE}/parts/*`), '600 root\n600 root\n', 'and nobody but root can touch it')
  })

  t.test('waits while another one is on trial, and is the next after that', async t => {
    t.match(await handOver(releases.make(3)), { state: 'waiting', slot: 'a', number: 2, text: /another release is on its trial/ })
    t.equal(guard.ran(), 'release 2\n')
    machine.sh('/usr/lib/cyberalarm/update/keep')
    t.match(guard.report(), { state: 'good', slot: 'a', number: 2 })
    t.equal(machine.sh(`cat ${STATE}/good ${STATE}/a/good`), '2\n2\n')
    t.match(await handOver(releases.make(3)), { state: 'trial', slot: 'b', number: 3 })
    t.equal(guard.ran(), 'release 3\n')
    t.equal(machine.sh(`ls ${STATE}/parts | wc -l`), '3\n', 'the runtime of both is there once')
  })

  t.test('is left after its first minute, and what it did is kept', async t => {
    machine.sh('/usr/lib/cyberalarm/update/keep && touch /run/is-bad')
    const bad = releases.make(4)
    t.match(await handOver(bad), { state: 'taken-back', slot: 'b', number: 3, text: /release 4 \(1\.0\.4\) .*it was bad \[test-verdict\]/ })
    await until(guard.ran, ran => ran === 'release 3\n')
    t.equal(guard.ran(), 'release 3\n')
    t.equal(active(), 'b')
    t.notOk(isThere(`${STATE}/trial`))
    t.match(machine.sh(`tar -t --zstd -f ${STATE}/failed/1.0.4.tar.zst`), /verdict/)
    machine.sh('rm /run/is-bad')
    t.match(await handOver(bad), { state: 'refused', slot: 'b', text: /release 4 was taken back before/ }, 'and is not tried again')
    t.match(guard.open(), { state: 'good', slot: 'b', number: 3 })
  })

  t.test('is left in its first day: the box goes on with the one before', async t => {
    t.match(await handOver(releases.make(5)), { state: 'trial', slot: 'a', number: 5 })
    machine.sh("/usr/lib/cyberalarm/update/take-back memory 'It needed more and more memory.'")
    t.match(guard.report(), { state: 'taken-back', slot: 'b', number: 3, text: /more and more memory\. \[memory\]/ })
    await until(guard.ran, ran => ran === 'release 3\n')
    t.equal(active(), 'b')
    t.match(guard.open(), { state: 'good', slot: 'b', number: 3 })
  })

  t.test('is refused, and nothing changes on the disk', async t => {
    const [one, two] = releases.keys
    const stranger = generateKeyPairSync('ed25519').privateKey
    const imageOf = ({ folder, manifest }: SignedRelease, i: number) => join(folder, 'parts', `${manifest.parts[i].rootHash}.img`)
    const attacks: Readonly<
      Record<string, { readonly make: () => SignedRelease; readonly says: RegExp; readonly around?: (path: string) => void }>
    > = {
      'signed by one': { make: () => signed(20, one), says: /signed by 1 of the 2 keys/ },
      'signed by one key twice': { make: () => signed(20, two, two), says: /signed by 1 of the 2 keys/ },
      'signed by a stranger': { make: () => signed(20, stranger, one), says: /signed by 1 of the 2 keys/ },
      'an old one': { make: () => releases.make(2, { version: '1.0.99' }), says: /number 2 is below 3, which was good/ },
      'one that writes what the one before cannot read': { make: () => releases.make(21, { writes: 3 }), says: /could not read/ },
      'one for a newer system': { make: () => releases.make(22, { systemMin: 7 }), says: /needs system 7, and this is 1/ },
      'a block changed': {
        make: () => {
          const release = releases.make(23)
          const bytes = readFileSync(imageOf(release, 1))
          bytes[100] ^= 1
          writeFileSync(imageOf(release, 1), bytes)
          return release
        },
        says: /its agent is not what was signed/,
      },
      'the hash tree changed': {
        make: () => {
          const release = releases.make(24)
          const bytes = readFileSync(imageOf(release, 1))
          bytes[bytes.length - 4000] ^= 1
          writeFileSync(imageOf(release, 1), bytes)
          return release
        },
        says: /its agent is not what was signed/,
      },
      'a manifest with a line more': {
        make: () => {
          const release = releases.make(25)
          appendFileSync(join(release.folder, 'manifest'), 'run rm -rf /\n')
          releases.sign(release.folder, [one, two])
          return release
        },
        says: /its manifest is not one/,
      },
    }
    function signed(number: number, ...keys: (typeof one)[]): SignedRelease {
      const release = releases.make(number)
      releases.sign(release.folder, keys)
      return release
    }
    const before = guard.kept()
    for (const [name, { make, says }] of Object.entries(attacks)) {
      t.match(await handOver(make()), { state: 'refused', slot: 'b', number: 3, text: says }, name)
      t.equal(guard.kept(), before, name)
    }
    t.equal(guard.ran(), 'release 3\n')
  })

  t.test('links, pipes and files without end in the folder of the updater', async t => {
    const before = guard.kept()
    const good = releases.make(30)
    const agent = good.manifest.parts[1].rootHash
    for (const [line, says] of [
      [`ln -sf /etc/shadow ${WANTED}/manifest`, /there is no manifest|nothing was handed over/],
      [`rm ${WANTED}/manifest && mkfifo ${WANTED}/manifest`, /nothing was handed over/],
      [`yes | head -c 100000000 > ${WANTED}/manifest`, /its manifest is not one/],
      [`ln -sf /usr/lib/cyberalarm/system ${WANTED}/manifest.1`, /signed by 1 of the 2/],
      [`ln -sf /etc/shadow ${WANTED}/parts/${agent}.img`, /its agent is not what was signed/],
      [`rm ${WANTED}/parts/${agent}.img && mkfifo ${WANTED}/parts/${agent}.img`, /its agent is not what was signed/],
      [`rm ${WANTED}/parts/${agent}.img`, /its agent is not what was signed/],
      [`rm -r ${WANTED}/parts && ln -s /etc ${WANTED}/parts`, /its (runtime|agent) is not what was signed/],
    ] as const) {
      machine.sh('systemctl stop cyberalarm-switch.path')
      releases.handOver(good)
      machine.sh(line)
      machine.sh('systemctl start cyberalarm-switch.path')
      await until(
        () => isThere(`${WANTED}/ready`),
        there => !there,
        60_000,
      )
      await until(
        () => machine.run(['systemctl', 'is-active', 'cyberalarm-switch']).out.trim(),
        state => state === 'inactive',
      )
      t.match(guard.report(), { state: 'refused', slot: 'b', text: says }, line)
      t.equal(guard.kept(), before, line)
    }
  })

  t.test('a disk without room: it waits, and what is there stays', async t => {
    machine.sh(
      `mkdir /run/small && cp -a ${STATE}/. /run/small && mount -t tmpfs -o size=40m small ${STATE} && cp -a /run/small/. ${STATE}`,
    )
    const before = guard.kept()
    t.match(await handOver(releases.make(40)), { state: 'waiting', slot: 'b', text: /it needs 6\d MiB on the disk, and \d\d are free/ })
    t.equal(guard.kept(), before)
    machine.sh(`umount ${STATE}`)
  })

  t.test('from the hand-over to the start', async t => {
    const began = performance.now()
    releases.handOver(releases.make(41))
    await until(guard.ran, ran => ran === 'release 41\n', 60_000)
    t.comment(`handed over to started: ${Math.round(performance.now() - began)} ms`)
    t.equal(guard.ran(), 'release 41\n')
  })
})
