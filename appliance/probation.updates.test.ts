// The first stage at its real length, a minute: a good release is kept, and one that leaks too slowly to be seen at once is not.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { first, startTrialBox } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(900_000)

t.test('a minute of probation', { skip: reason ?? false }, async t => {
  const box = await startTrialBox(t)
  const sending = box.send({ udp: 200, tcp: 50 })
  const good = await box.update()
  t.match(good, { state: 'trial', number: 2, text: 'on trial for a day' })
  t.ok(good.tookMs >= 55_000, `watched for ${good.tookMs} ms`)
  box.machine.sh('/usr/lib/cyberalarm/update/keep')
  const said = await box.update(first("const kept = []; setInterval(() => kept.push(Buffer.alloc(1 << 20, 'x')), 800)"))
  t.match(said, { state: 'taken-back', number: 2, text: /\[memory\]/ })
  t.ok(said.tookMs <= 75_000, `${said.text}: ${said.tookMs} ms`)
  t.equal((await sending.end()).connections, 1)
})
