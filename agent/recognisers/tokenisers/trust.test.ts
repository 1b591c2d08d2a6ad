import t from 'tap'
import { Trust } from './trust.ts'

/** Of `messages` none of which is as expected: how many were tried. */
function tried(trust: Trust, messages: number): number {
  let count = 0
  for (let i = 0; i < messages; i++) {
    if (!trust.mayExpect()) continue
    count++
    trust.lose()
  }
  return count
}

t.test('who sends nothing that can be expected is soon only read, and tried again now and then', async t => {
  const trust = new Trust()
  tried(trust, 1000)
  const count = tried(trust, 10_000)
  t.ok(count > 50 && count < 200, `${count} of 10,000 were tried`)
})

t.test('a few surprises among what was expected change nothing', async t => {
  const trust = new Trust()
  const onlyRead: number[] = []
  for (let i = 0; i < 10_000; i++) {
    if (!trust.mayExpect()) onlyRead.push(i)
    if (i % 10 === 0) trust.lose()
    else trust.gain()
  }
  t.same(onlyRead, [])
})

t.test('learns from the first surprises, and then from few', async t => {
  const trust = new Trust()
  const lessons: number[] = []
  for (let i = 0; i < 100_000; i++) if (trust.isLessonDue()) lessons.push(i)
  t.same(lessons.slice(0, 4), [0, 2, 6, 14])
  t.ok(lessons.length < 800, `${lessons.length} lessons in 100,000 surprises`)
})
