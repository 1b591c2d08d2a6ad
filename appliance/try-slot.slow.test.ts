// The power is cut at every step of choosing a slot for trial: what is asked for after the next start belongs to that trial.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { temporaryFolder } from '../agent/testing/harness.ts'
import { makeDisk, whyNoDisk } from '../agent/testing/power-cuts.ts'

t.setTimeout(600_000)
const [OLDER, NEWEST] = ['1'.repeat(64), '2'.repeat(64)]
const FACTS = 'card 1\nroute 4\ncentral\n'
/** All programs that a script may start between two states of the disk. */
const steps = ['cat', 'sync', 'mv', 'tail', 'sed', 'dd', 'head', 'tr']

t.test('a trial is never chosen before its packages and its network are on the disk', { skip: whyNoDisk() }, async t => {
  const folder = temporaryFolder(t)
  const [base, shims, reached] = ['base', 'shims', 'reached'].map(name => join(folder, name))
  cpSync(join(import.meta.dirname, 'rootfs/usr/lib/cyberalarm/base'), base, { recursive: true })
  writeFileSync(join(base, 'network-facts'), `#!/bin/sh\nprintf '${FACTS.replaceAll('\n', '\\n')}'\n`, { mode: 0o755 })
  mkdirSync(shims)
  for (const name of steps)
    writeFileSync(
      join(shims, name),
      // parts of a pipeline run side by side, and each is a step of its own
      `#!/bin/sh
number=$(/usr/bin/flock '${folder}/lock' /bin/sh -c 'echo ${name} >> "${folder}/steps"; /usr/bin/wc -l < "${folder}/steps"')
[ "$number" != "$STOP_AT" ] || { : > '${reached}'; exec /usr/bin/sleep 600; }
PATH=/usr/sbin:/usr/bin exec ${name} "$@"
`,
      { mode: 0o755 },
    )
  const disk = makeDisk(t, folder)
  const boot = join(folder, 'boot')
  const cmdline = join(folder, 'cmdline')
  writeFileSync(cmdline, 'cyberalarm.slot=a cyberalarm.grubenv=0\n')
  const environment = {
    PATH: `${shims}:/usr/sbin:/usr/bin`,
    CYBERALARM_STATE: disk.place,
    CYBERALARM_BOOT: boot,
    CYBERALARM_CMDLINE: cmdline,
  }
  let isOver = false
  let stops = 0
  let chosen = 0
  for (let stop = 1; !isOver; stop++) {
    for (const name of ['before-trial', 'tried', 'before-trial.draft', 'tried.draft']) rmSync(join(disk.place, name), { force: true })
    writeFileSync(join(disk.place, 'before-trial'), 'card 1\ncard 2\n', { flush: true })
    writeFileSync(join(disk.place, 'tried'), `${OLDER}\n`, { flush: true })
    writeFileSync(boot, '# GRUB Environment Block\nslot=a\nunconfirmed=\ntrial=\n'.padEnd(1024, '#'))
    rmSync(join(folder, 'steps'), { force: true })
    rmSync(reached, { force: true })
    const child = spawn(join(base, 'try-slot'), ['a', 'b', NEWEST], {
      env: { ...environment, STOP_AT: String(stop) },
      detached: true,
      stdio: 'ignore',
    })
    const closed = once(child, 'close')
    while (!existsSync(reached) && child.exitCode === null) await sleep(5)
    isOver = child.exitCode !== null
    if (!isOver) stops++
    const cut = await disk.cut([boot])
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await closed
    if (isOver) t.equal(child.exitCode, 0)
    const isTrial = cut.beside[0].includes('trial=b')
    if (isTrial) chosen++
    await cut.mounted(place => {
      const tried = readFileSync(join(place, 'tried'), 'latin1')
      const facts = readFileSync(join(place, 'before-trial'), 'latin1')
      const what = isOver
        ? 'at the end'
        : `at stop ${stop}, before ${readFileSync(join(folder, 'steps'), 'latin1').trim().split('\n').at(-1)}`
      t.ok([`${OLDER}\n`, `${OLDER}\n${NEWEST}\n`].includes(tried), `the list of packages is whole ${what}`)
      t.ok(['card 1\ncard 2\n', FACTS].includes(facts), `what the network was is whole ${what}`)
      if (isTrial) t.strictSame([tried, facts], [`${OLDER}\n${NEWEST}\n`, FACTS], `the trial is judged by its own ${what}`)
    })
  }
  t.ok(stops >= 8, `${stops} stops`)
  t.ok(chosen >= 1, 'and at the end it is chosen')
})
