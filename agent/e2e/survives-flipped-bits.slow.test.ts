// One bit of one file on the disk is another: in the middle, in the last line, in a line feed, in the name of the file. The box starts,
// the accounting adds up, central takes what is sent, what is whole goes out, and what is lost is counted and said.
// A sample of the bits; survives-flipped-bits.long.test.ts takes all and prints the table.
import t from 'tap'
import { tableOf } from '../testing/bit-flips.ts'
import { endings, flipBox, flipStateFiles } from '../testing/flipped-box.ts'
import { memoryFolder } from '../testing/harness.ts'

t.setTimeout(900_000)
/** A prime, so that all bits of a byte have their turn. */
const STRIDE = 499

for (const ending of endings)
  t.test(`a box that was ${ending}: each ${STRIDE}th bit`, async t => {
    const { rows, wrong } = await flipBox(memoryFolder(t), ending, STRIDE)
    t.comment(tableOf(rows))
    t.ok(rows.length > 10, `${rows.length} files`)
    t.same(wrong.slice(0, 5), [], `${wrong.length} went wrong`)
  })

t.test(`certificate, settings and central's keys: each ${STRIDE}th bit`, async t => {
  const { rows, wrong } = await flipStateFiles(memoryFolder(t), STRIDE)
  t.comment(tableOf(rows))
  t.ok(rows.length > 10)
  t.same(wrong.slice(0, 5), [], `${wrong.length} went wrong`)
})
