// The power goes at random moments while releases come and go: the box always comes up on a whole release, and on none that is older than
// one that was good. More cuts: survives-cuts-in-updates.updates.test.ts
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { cutPower } from './test-cut-guard.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(600_000)
t.test('20 power cuts', { skip: reason ?? false }, t => cutPower(t, 20))
