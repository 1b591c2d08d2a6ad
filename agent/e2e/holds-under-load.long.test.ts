// Twenty thousand messages a second for an hour, on a machine that does nothing else: no stall is forgiven but what the host
// of a virtual machine took.
import t from 'tap'
import { whyNoNamespace } from '../node-netfilter-log/test-support.ts'
import { checkLoad } from '../testing/check-load.ts'

const MINUTES = 60
const timeout = (MINUTES + 5) * 60_000
t.setTimeout(timeout)

t.test('holds 20,000 messages a second', { skip: whyNoNamespace() ?? false, timeout }, t => checkLoad(t, MINUTES, { isQuiet: true }))
