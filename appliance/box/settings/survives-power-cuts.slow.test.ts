// `apply` is ended at a random moment, again and again; and the power of the disk below it is cut while it runs.
import { once } from 'node:events'
import { copyFileSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { temporaryFolder } from '../../../agent/testing/harness.ts'
import { type Cut, makeDisk, whyNoDisk } from '../../../agent/testing/power-cuts.ts'
import { boxPathsBelow } from '../paths.ts'
import { filesWith, makeBase, reportOf, run, start } from '../test-program.ts'
import { freshCode, makeConfigPartition, putOnPartition, testRoot, which } from '../test-root.ts'
import { readIfThere, readKept } from './state-files.ts'

const missing = ['mcopy', 'mshowfat', 'mkfs.fat'].filter(tool => which(tool) === undefined)
const options = missing.length > 0 ? { skip: `not installed: ${missing.join(', ')}` } : {}
t.setTimeout(300_000)
const ROUNDS = 5

t.test('power cuts at random moments lose neither the settings nor the code, and leave nothing half done', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  makeBase(box)
  const began = performance.now()
  await run(['apply', '--root', box.root])
  let usual = performance.now() - began
  let cuts = 0
  for (let round = 0; round < 14; round++) {
    rmSync(box.paths.code, { force: true })
    const code = freshCode()
    const name = `box-${round}`
    putOnPartition(
      device,
      'cyberalarm.conf',
      `# settings\nenrolment.code = ${code}\nhost.name = ${name}\nnetwork.address = 192.0.2.${10 + round}/24\n`,
    )
    const child = start(['apply', '--root', box.root])
    const closed = once(child, 'close')
    // most of the time is the start of Node.js; on a machine that is quicker now than it was, the plug is pulled earlier
    await sleep(usual * (0.4 + 0.55 * Math.random()))
    if (child.exitCode === null) cuts++
    else usual *= 0.85
    child.kill('SIGKILL')
    await closed
    // what a start finds: nothing in /run but the links to the disk's partitions, which the initramfs makes
    for (const name of readdirSync(join(box.root, 'run')).filter(one => one !== 'cyberalarm-disk'))
      rmSync(join(box.root, 'run', name), { recursive: true })
    t.match(await run(['apply', '--root', box.root]), { code: 0 })
    t.equal(reportOf(box).hostName, name)
    t.match(box.text('run/systemd/network/10-cyberalarm.network'), new RegExp(`Address=192\\.0\\.2\\.${10 + round}/24`))
    t.equal(box.text('var/lib/cyberalarm-box/enrolment.code').trim(), code.replaceAll('-', ''))
    t.notOk(readFileSync(device).includes(code), 'wiped in the end')
    t.same(filesWith(join(box.root, 'run'), code.replaceAll('-', '')), [])
  }
  t.ok(cuts > 4, `${cuts} of 14 runs were cut off`)
})

t.test(
  'on a disk whose power was cut settings are whole, and a code is on it or still on the partition',
  { skip: options.skip ?? whyNoDisk() },
  async t => {
    const folder = temporaryFolder(t)
    const disk = makeDisk(t, folder)
    const box = testRoot(t, disk.place)
    makeConfigPartition(box)
    // the partition is a disk of its own
    const device = join(folder, 'config')
    copyFileSync(box.paths.configPartition, device)
    rmSync(box.paths.configPartition)
    symlinkSync(device, box.paths.configPartition)
    makeBase(box)
    const cuts: (Cut & { round: number; code: string; isDone: boolean })[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const code = freshCode()
      putOnPartition(
        device,
        'cyberalarm.conf',
        `enrolment.code = ${code}\nhost.name = box-${round}\nnetwork.address = 192.0.2.${round}/24\n`,
      )
      let isDone = false
      const applied = run(['apply', '--root', box.root]).then(({ code }) => {
        t.equal(code, 0)
        isDone = true
      })
      while (!isDone) {
        cuts.push({ ...(await disk.cut([device])), round, code, isDone })
        await sleep(Math.random() * 100)
      }
      await applied
      cuts.push({ ...(await disk.cut([device])), round, code, isDone })
    }
    for (const { mounted, beside, round, code, isDone } of cuts)
      await mounted(place => {
        const paths = boxPathsBelow(join(place, relative(disk.place, box.root)))
        const kept = readKept(paths.member)
        t.same(kept.faults, [], 'settings are whole')
        const found = Number(/^box-(\d+)$/.exec(kept.parsed.values['host.name'])?.[1] ?? 0)
        t.same(kept.parsed.values['network.address'], found === 0 ? [] : [`192.0.2.${found}/24`], 'and of one piece')
        t.ok(found === round || (found === round - 1 && !isDone), `of round ${round} or the one before: ${found}`)
        const isKept = readIfThere(paths.code)?.trim() === code.replaceAll('-', '')
        t.ok(isKept || beside[0].includes(code), 'the code is not lost')
      })
    t.ok(cuts.length > 3 * ROUNDS, `${cuts.length} cuts`)
  },
)
