// The guard on a disk that is full, damaged or read-only, with a release that stops the machine, and with an updater that is hostile:
// a bad release is always left, and nothing is tried for ever.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { detach, handOverBesides, recheckAfter, startGuard } from './test-guard.ts'
import { STATE, WANTED } from './test-releases.ts'

const reason = whyNoBox()
const update = '/usr/lib/cyberalarm/update'

t.test('the guard in trouble', { skip: reason ?? false }, async t => {
  const guard = await startGuard(t)
  const { machine, releases } = guard
  const [old, next, third] = [10, 11, 12].map(number => releases.make(number))
  const isThere = (path: string) => machine.run(['test', '-e', path]).code === 0
  const active = () => machine.sh(`cat ${STATE}/active`).trim()
  const changeOver = () => machine.sh('systemctl start cyberalarm-switch.service')
  /** Release 10 was good, in b; release 11 is in its first day, in a. */
  const beginTrial = () => {
    machine.sh('systemctl stop cyberalarm-switch.path; rm -f /run/is-bad')
    guard.clear()
    releases.putInSlot(old, 'b')
    releases.putInSlot(next, 'a', false)
    machine.sh(`echo a > ${STATE}/active && echo 10 > ${STATE}/good && echo 'a 2 1800000000' > ${STATE}/trial`)
  }
  /** All that the guard keeps is on a disk of its own, of so many MiB. */
  const onSmallDisk = (mebibytes: number) =>
    machine.sh(
      `rm -rf /run/small && cp -a ${STATE}/. /run/small && mount -t tmpfs -o size=${mebibytes}m small ${STATE} && cp -a /run/small/. ${STATE}`,
    )
  const fill = () => machine.run(['sh', '-c', `cat /dev/zero > ${STATE}/filling 2> /dev/null`])
  const release = () => machine.sh(`${detach}; umount -l ${STATE}`)

  t.test('a release that stops the machine in its first minute is tried three times, not for ever', async t => {
    handOverBesides(guard, old, next)
    for (let i = 1; i <= 3; i++) {
      machine.sh(`cp -r ${WANTED} ${STATE}/b && cp ${WANTED}/parts/* ${STATE}/parts/ && echo 'b 1' > ${STATE}/trial`)
      t.match(guard.open(), { state: 'taken-back', slot: 'a', number: 10, text: 'release 11 was interrupted on its trial' })
    }
    changeOver()
    t.match(guard.report(), { state: 'refused', number: 10, text: /release 11 was taken back three times/ })
    t.notOk(isThere(`${WANTED}/ready`))
  })

  t.test('one that stops the machine again and again in its first day is left, unless the box ran for five minutes in between', async t => {
    const verdict = (code: string) =>
      machine.sh(
        `printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo ${code} > /run/cyberalarm-release/verdict"\\n' > /usr/lib/systemd/system/cyberalarm-judge@.service && systemctl daemon-reload`,
      )
    beginTrial()
    verdict('trial')
    for (let i = 0; i < 2; i++) t.match(guard.open(), { state: 'trial', slot: 'a', number: 11 })
    machine.sh(`${update}/probation`)
    for (let i = 0; i < 3; i++) t.match(guard.open(), { state: 'trial', slot: 'a', number: 11 })
    t.match(guard.open(), { state: 'taken-back', slot: 'b', number: 10, text: /started 4 times.*\[box-restarts\]/ })
    t.equal(active(), 'b')
    t.notOk(isThere(`${STATE}/trial`))
    t.match(guard.open(), { state: 'good', slot: 'b' })
  })

  t.test('a release that is damaged in its first day is on no trial any more', async t => {
    beginTrial()
    machine.sh(`printf x | dd of=${STATE}/parts/${next.manifest.parts[1].rootHash}.img bs=1 seek=300 conv=notrunc status=none`)
    t.match(guard.open(), { state: 'refused', slot: 'b', number: 10, text: 'slot a: its agent is not what was signed' })
    t.notOk(isThere(`${STATE}/trial`), 'the one before is not judged in its place')
    t.equal(active(), 'b')
  })

  t.test('a bad release is left whatever its manifest is by now, and on a full disk', async t => {
    const manifest = `${STATE}/a/manifest`
    for (const damage of [`rm ${manifest}`, `: > ${manifest}`, `rm ${manifest} && mkdir ${manifest}`]) {
      beginTrial()
      guard.open()
      machine.sh(damage)
      machine.sh(`${update}/take-back memory 'It took too much.'`)
      t.match(guard.report(), { state: 'taken-back', slot: 'b', number: 10, text: /It took too much\. \[memory\]/ }, damage)
      t.same([active(), isThere(`${STATE}/trial`)], ['b', false])
    }
    beginTrial()
    onSmallDisk(20)
    guard.open()
    fill()
    machine.sh(`${update}/take-back memory 'It took too much.'`)
    t.match(guard.report(), { state: 'taken-back', slot: 'factory' })
    t.notOk(isThere(`${STATE}/trial`))
    release()
  })

  t.test('a block that is damaged on a disk that is read-only by now: the next slot all the same', async t => {
    beginTrial()
    machine.sh(`rm ${STATE}/trial && echo 11 > ${STATE}/good && echo 11 > ${STATE}/a/good`)
    onSmallDisk(20)
    guard.open()
    machine.sh(`printf x | dd of=${STATE}/parts/${next.manifest.parts[1].rootHash}.img bs=1 seek=300 conv=notrunc status=none`)
    machine.sh(`mount -o remount,ro ${STATE}`)
    machine.sh(recheckAfter('exit-code'))
    t.match(machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js'), /^release 10\n/)
    release()
  })

  t.test('a disk that takes nothing: it waits, and is not refused for what could not be copied', async t => {
    handOverBesides(guard, old, next)
    onSmallDisk(20)
    guard.open()
    fill()
    const before = guard.kept()
    changeOver()
    t.match(guard.report(), { state: 'waiting', slot: 'a', number: 10, text: /full or cannot be written/ })
    t.equal(guard.kept(), before)
    release()
  })

  t.test('a folder in place of a file of the guard does not stay', async t => {
    for (const name of ['active', 'parts/x.img']) {
      handOverBesides(guard, old, third)
      machine.sh(`rm -rf ${STATE}/${name} && mkdir -p ${STATE}/${name}/x`)
      guard.open()
      changeOver()
      t.match(guard.open(), { state: 'trial', number: 12 }, name)
    }
  })

  t.test('pipes and links that come between look and use are not waited for, nor followed', async t => {
    const lines = [
      'mkdir -p /run/w && cd /run/w && chmod 711 . && echo good > good && printf secret > secret && chmod 600 secret',
      '(while [ ! -e stop ]; do cp good x && mv x f; mkfifo y && mv y f; cp good x && mv x f; ln -s secret z && mv z f; done) &',
      'while [ ! -e f ]; do sleep 0.1; done; end=$(($(date +%s) + 5)); taken=0',
      'while [ "$(date +%s)" -lt $end ]; do if take /run/w/f /run/w/out 100; then taken=$((taken + 1)); grep -q secret out && touch leaked; fi; done',
      'touch stop; wait; echo "taken $taken times"; [ ! -e leaked ] && [ $taken -gt 0 ]',
    ]
    const script = `. ${update}/state.sh; . ${update}/adopt.sh; ${lines.join('\n')}`
    const { code, out, error } = machine.run(['timeout', '30', 'sh', '-c', script])
    t.equal(code, 0, out + error)
  })
})
