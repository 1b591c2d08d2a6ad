// Wherever the power goes in a switch, the box comes up on a whole release: the disk is copied at random moments, and started from.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { agentOf, type Guard, handOverBesides, startGuard } from './test-guard.ts'
import { STATE, WANTED } from './test-releases.ts'

t.setTimeout(1_200_000)
const reason = whyNoBox()
const CUTS = 200

/** A start on a copy of the disk, with nothing of what runs: prints the state and what the agent would be. */
const start = `set -e
unshare -m --propagation private sh -ec '
mount -o loop,noatime /run/cut.img ${STATE}
for each in /run/cyberalarm-release /dev/mapper; do mount -t tmpfs t $each; done
ln -s /usr/lib/cyberalarm /run/cyberalarm-release/factory
PATH=/run/starters:$PATH sh /usr/lib/cyberalarm/update/open > /dev/null
cat /run/cyberalarm-release/report.json
cksum < /run/cyberalarm-release/current/agent/lib/main.js
for each in /dev/mapper/*; do [ ! -L $each ] || losetup -d $(readlink $each); done'
`
const mounter = `#!/bin/sh
case $1 in
start) kind=\${2##*-}; slot=\${2%-*}; slot=\${slot##*-}; at=/run/cyberalarm-release/$slot/\${kind%.mount}
  mkdir -p $at && mount -t squashfs -o ro /dev/mapper/cyberalarm-$slot-\${kind%.mount} $at ;;
esac
`

t.test(`the power goes ${CUTS} times`, { skip: reason ?? false }, async t => {
  const guard = await startGuard(t)
  const { machine, releases } = guard
  machine.sh('mkdir /run/starters && cat > /run/starters/systemctl && chmod 755 /run/starters/systemctl', mounter)
  // a file system that loses what was not flushed (noauto_da_alloc), on a device that can be copied at any moment
  machine.sh(
    `truncate -s 96M /run/disk.img && mkfs.ext4 -q /run/disk.img && mount -o loop,noatime,noauto_da_alloc,commit=60 /run/disk.img ${STATE}`,
  )
  t.teardown(() => machine.run(['umount', STATE]))
  const [old, next] = [releases.make(10), releases.make(11)]
  const sums = new Map(
    [old, next].map(({ manifest: { number } }) => {
      writeFileSync(join(old.folder, '../text'), agentOf(number))
      return [number, machine.sh('cksum < /packages/text')]
    }),
  )
  const seen = new Map<string, number>()
  handOverBesides(guard, old, next)
  machine.sh(
    `sync; cat > /run/loop && chmod 755 /run/loop`,
    `#!/bin/sh
# one switch after the other: from 10 to 11, and from the beginning again
cp -a ${WANTED} /run/handed
while [ ! -e /run/enough ]; do
  sh /usr/lib/cyberalarm/update/switch
  sleep 0.1
  echo a > ${STATE}/active.draft && sync ${STATE}/active.draft && mv ${STATE}/active.draft ${STATE}/active && sync ${STATE}
  rm -f ${STATE}/trial
  systemctl restart cyberalarm-release
  mkdir -p ${WANTED}; cp -a /run/handed/. ${WANTED}
done
`,
  )
  machine.sh('systemd-run --unit=switches --collect /run/loop')
  for (let cut = 0; cut < CUTS; cut += 1) {
    await sleep(Math.random() * 200)
    // a copy that something was written into meanwhile has later blocks and lacks earlier ones, as no disk does
    machine.sh('until cp --sparse=always /run/disk.img /run/cut.img && cmp -s /run/disk.img /run/cut.img; do :; done')
    const { code, out, error } = machine.run(['sh', '-c', start])
    const [report, sum] = out.split('\n')
    const { state, number, text } = JSON.parse(report === '' || report === undefined ? '{}' : report) as Partial<
      ReturnType<Guard['report']>
    >
    const isWhole = code === 0 && state !== 'refused' && `${sum}\n` === sums.get(number ?? 0)
    seen.set(`${state} ${number}`, (seen.get(`${state} ${number}`) ?? 0) + 1)
    if (!isWhole) t.fail(`cut ${cut}: ${state} ${number} ${text} ${error}`)
  }
  machine.sh('touch /run/enough && while systemctl -q is-active switches; do sleep 0.2; done')
  t.comment([...seen].map(([what, times]) => `${what}: ${times}`).join(', '))
  t.ok(seen.size > 1, 'the cuts met more than one state')
})
