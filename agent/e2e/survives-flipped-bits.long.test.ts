// Every bit of every file that the box and central keep, and of each name: the table of what became of each.
import t from 'tap'
import { tableOf } from '../testing/bit-flips.ts'
import { endings, flipBox, flipStateFiles } from '../testing/flipped-box.ts'
import { memoryFolder } from '../testing/harness.ts'

t.setTimeout(4 * 3_600_000)

for (const ending of endings)
  t.test(`a box that was ${ending}: every bit`, async t => {
    const { rows, wrong } = await flipBox(memoryFolder(t), ending, 1)
    t.comment(tableOf(rows))
    t.same(wrong.slice(0, 20), [], `${wrong.length} went wrong`)
  })

t.test("certificate, settings and central's keys: every bit", async t => {
  const { rows, wrong } = await flipStateFiles(memoryFolder(t), 1)
  t.comment(tableOf(rows))
  t.same(wrong.slice(0, 20), [], `${wrong.length} went wrong`)
})
