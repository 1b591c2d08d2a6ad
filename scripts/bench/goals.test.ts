import t from 'tap'
import { goals, judge } from './goals.ts'
import { Results } from './results.ts'

const goal = (what: string) => {
  const found = goals.find(one => one.what === what)
  if (found === undefined) throw new Error(`there is no goal '${what}'`)
  return found
}

t.test('what was not measured is neither met nor missed', async t => {
  const results = new Results()
  for (const one of goals) t.equal(judge(one, results), 'not measured', one.what)
})

t.test('judges by the median of all runs', async t => {
  const results = new Results()
  results.add('syslog.cost.agent', 'CPU', 'µs', 1.4, 9, 1.3)
  t.equal(judge(goal('syslog in to spooled batch, CPU a message'), results), 'met')
  results.add('syslog.cost.agent', 'CPU', 'µs', 9)
  t.equal(judge(goal('syslog in to spooled batch, CPU a message'), results), 'not met')
})

t.test('one unaccounted message in any part is enough to miss the goal', async t => {
  const results = new Results()
  results.add('syslog.unaccounted.agent', 'unaccounted', 'messages', 0)
  t.equal(judge(goal('messages unaccounted for'), results), 'met')
  results.add('nflog.flood.unaccounted.agent', 'unaccounted', 'messages', 1)
  t.equal(judge(goal('messages unaccounted for'), results), 'not met')
})

t.test('growth is the last step of a series over its first, memory of the steps left aside', async t => {
  const results = new Results()
  for (const [at, cost] of [
    [1000, 2],
    [10_000, 9],
    [1_000_000, 2.2],
  ]) {
    results.add(`scaling.sources.${at}`, 'CPU', 'µs', cost)
    results.add(`scaling.sources.${at}.resident`, 'memory', 'MB', 500)
  }
  t.equal(goal('cost, last step over first: sources').of(results).toFixed(2), '1.10')
})
