// Each call with which the agent changes its disk fails in turn: once, or from then on, with each error that a disk has, or the agent
// is killed there. Afterwards nothing with a receipt is missing, nothing is lost uncounted, the box starts, and what is whole goes out.
// In process, by the agent's own parts. A sample of the calls; survives-failing-writes.long.test.ts takes all.
import t from 'tap'
import { failEachCall } from '../testing/failing-lives.ts'

t.setTimeout(900_000)
failEachCall(t, 7)
