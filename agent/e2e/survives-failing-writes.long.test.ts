// As survives-failing-writes.slow.test.ts, with every call.
import t from 'tap'
import { failEachCall } from '../testing/failing-lives.ts'

t.setTimeout(3_600_000)
failEachCall(t, 1)
