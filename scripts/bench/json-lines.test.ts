import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { LineCounter } from './json-lines.ts'

t.test('counts whole lines only, goes on where it was, and finds marks wherever reading was cut', async t => {
  const file = join(t.testdir(), 'lines')
  writeFileSync(file, '{"a":1}\n{"mark":2}\n{"ma')
  const counter = new LineCounter(file, '"mark"')
  t.teardown(() => counter.close())
  t.equal(counter.read(), 2)
  t.equal(counter.marked, 1)
  appendFileSync(file, 'rk":3}\n')
  t.equal(counter.read(), 3)
  t.equal(counter.marked, 2)
  // more than is read at a time, so that lines lie across the cuts
  appendFileSync(file, '{"mark":4, "filling":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n'.repeat(50_000))
  t.equal(counter.read(), 50_003)
  t.equal(counter.marked, 50_002)
})
