// The power goes at a random moment of `apply`, again and again.
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { filesWith, makeBase, reportOf, run, start } from '../test-program.ts'
import { freshCode, makeConfigPartition, putOnPartition, testRoot, which } from '../test-root.ts'

const missing = ['mcopy', 'mshowfat', 'mkfs.fat'].filter(tool => which(tool) === undefined)
const options = missing.length > 0 ? { skip: `not installed: ${missing.join(', ')}` } : {}
t.setTimeout(300_000)

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
