// What is not the fault of a release is not held against it: central that is busy, and a disk that is full.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { startTrialBox } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(900_000)

t.test('a central that answers 429 or 503, and a full disk, take no release back', { skip: reason ?? false }, async t => {
  const box = await startTrialBox(t, {
    seconds: 12,
    prepare: ({ machine }) =>
      machine.sh(
        'mkdir -p /var/lib/cyberalarm && mount -t tmpfs -o size=24m disk /var/lib/cyberalarm && chown cyberalarm:cyberalarm /var/lib/cyberalarm && chmod 700 /var/lib/cyberalarm',
      ),
  })
  const sending = box.send({ udp: 50 })
  for (const status of [429, 503]) {
    const busy = await box.busyCentral(status)
    const said = await box.update()
    t.match(said, { state: 'trial', text: /on trial for a day/ }, `${status}: it is kept`)
    t.match(box.machine.sh('cat /run/cyberalarm-release/verdict'), /^good\nCentral could not be reached/)
    box.machine.sh('/usr/lib/cyberalarm/update/keep')
    await busy.end()
  }
  box.machine.sh('head -c 100M /dev/zero > /var/lib/cyberalarm/full 2> /dev/null || true')
  const said = await box.update()
  t.match(said, { state: 'trial', text: /on trial for a day/ }, 'a full disk')
  t.match(box.machine.sh('cat /run/cyberalarm-release/verdict'), /^good\nThe disk is full/)
  await sending.end()
})
