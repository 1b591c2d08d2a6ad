// The guard on a disk whose power can be cut: one machine takes releases, keeps some and takes others back, on an ext4 in a file; the file
// is copied at random moments, and another machine starts with the copy. Never more was on the disk than what had been flushed.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { until } from '../agent/testing/harness.ts'
import { type Guard, startGuard } from './test-guard.ts'
import { STATE } from './test-releases.ts'

/** Small, with the room that the guard leaves free, and careless writes are not guarded (ext4(5): auto_da_alloc). */
const MAKE = `truncate -s 100M /disk.img && mkfs.ext4 -q -F -b 1024 -J size=1 -m 0 /disk.img && mkdir -p ${STATE} && mount -o loop,noauto_da_alloc /disk.img ${STATE} && chmod 700 ${STATE}`
/** A release is one line with its number and 20,000 letters. */
const WHOLE = 20_000
const CUT_MS = 900

/** What the machine has in a file, read from outside. */
const outside = (guard: Guard, path: string): string => `/proc/${guard.machine.network[2]}/root${path}`

export async function cutPower(t: Test, cuts: number): Promise<void> {
  const working = await startGuard(t)
  const starting = await startGuard(t)
  working.machine.sh(MAKE)
  t.teardown(() => working.machine.run(['umount', '--lazy', STATE]))
  // the keys are those of the machine that takes releases
  writeFileSync(outside(starting, '/keys.tar'), working.machine.sh('tar -C /usr/lib/cyberalarm -c keys | base64'))
  starting.machine.sh(
    'rm -rf /usr/lib/cyberalarm/keys && base64 -d /keys.tar | tar -C /usr/lib/cyberalarm -x && chown -R root:root /usr/lib/cyberalarm/keys',
  )
  let isOver = false
  /** The highest number that was good before the cut: less must not run after it. */
  let kept = 0
  let taken = 0
  const releasing = (async () => {
    for (let number = 2; !isOver; number++) {
      working.machine.sh(number % 4 === 0 ? 'touch /run/is-bad' : 'rm -f /run/is-bad')
      working.releases.handOver(working.releases.make(number))
      await until(
        () => working.machine.run(['test', '-e', '/var/lib/cyberalarm-update/wanted/ready']).code !== 0 || isOver,
        done => done,
        60_000,
      )
      if (working.machine.run(['/usr/lib/cyberalarm/update/keep']).code === 0) kept = number
      taken++
    }
  })()
  const seen = new Map<string, number>()
  for (let cut = 0; cut < cuts; cut++) {
    await sleep(Math.random() * CUT_MS)
    const least = kept
    writeFileSync(outside(starting, '/cut.img'), await readAtOnce(outside(working, '/disk.img')))
    const { state, slot, number } = startOn(starting)
    seen.set(state, (seen.get(state) ?? 0) + 1)
    if (slot === 'factory') {
      if (least > 0) t.fail(`release ${least} was good before cut ${cut}, and the box came up on the one of the system`)
    } else {
      const [first, rest] = starting.machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js').split('\n')
      if (first !== `release ${number}` || rest.length !== WHOLE) t.fail(`cut ${cut}: slot ${slot} is not whole`)
      if (number < least) t.fail(`cut ${cut}: release ${number} runs, and ${least} was good before`)
    }
    close(starting)
  }
  isOver = true
  await releasing
  t.comment(`${cuts} cuts while ${taken} releases came; the box came up with ${[...seen].map(([state, n]) => `${state} ${n}`).join(', ')}`)
  t.ok(taken > 2, 'releases came meanwhile')
  t.ok((seen.get('good') ?? 0) + (seen.get('trial') ?? 0) > 0, 'it came up on releases of the makers too')
}

/** As a start of the box after the power cut. */
function startOn({ machine, report }: Guard) {
  machine.sh(`mkdir -p ${STATE} && mount -o loop,noauto_da_alloc /cut.img ${STATE} && systemctl restart cyberalarm-release.service`)
  return report()
}

function close({ machine }: Guard): void {
  machine.sh(
    `ln -sfn factory /run/cyberalarm-release/current; for slot in a b; do for part in runtime agent; do systemctl stop "run-cyberalarm\\x2drelease-$slot-$part.mount"; [ ! -e /dev/mapper/cyberalarm-$slot-$part ] || veritysetup close cyberalarm-$slot-$part; rm -f /run/cyberalarm-release/$slot.$part; done; done; umount ${STATE}`,
  )
}

/** As it was at one moment: twice, until nothing was written while it was read. */
async function readAtOnce(path: string): Promise<Buffer> {
  let last = readFileSync(path)
  for (let tries = 0; tries < 200; tries++) {
    const now = readFileSync(path)
    if (now.equals(last)) return now
    last = now
    await sleep(1)
  }
  throw new Error(`${path} changed all the time`)
}
