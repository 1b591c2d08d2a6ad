// As survives-cuts-in-updates.slow.test.ts, and longer.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { cutPower } from './test-cut-guard.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(3_600_000)
t.test('200 power cuts', { skip: reason ?? false }, t => cutPower(t, 200))
