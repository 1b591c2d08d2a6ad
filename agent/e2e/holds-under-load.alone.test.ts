// Twenty thousand messages a second for three minutes, from UDP, TCP and the kernel's packet log, through the release that a
// box runs to a real central. holds-under-load.long.test.ts does so for an hour.
import t from 'tap'
import { whyNoNamespace } from '../node-netfilter-log/test-support.ts'
import { checkLoad } from '../testing/check-load.ts'

const MINUTES = 3
const timeout = (MINUTES + 3) * 60_000
t.setTimeout(timeout)

t.test('holds 20,000 messages a second', { skip: whyNoNamespace() ?? false, timeout }, t => checkLoad(t, MINUTES, { isQuiet: false }))
