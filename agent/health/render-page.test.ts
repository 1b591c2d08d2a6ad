import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withTable } from './render-page.ts'
import { checkNames, checkWords } from './report/words.ts'

t.test('docs/health.md says of every check what the code says', async t => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/health.md'), 'utf8')
  t.equal(withTable(page), page, 'make render writes it')
  t.throws(() => withTable('no place'), RangeError)
})

t.test('no number stands for two checks, and all have room on the wire', async t => {
  const numbers = checkNames.map(name => checkWords[name].number)
  t.equal(new Set(numbers).size, numbers.length)
  t.ok(numbers.every(number => number >= 1 && number <= 255))
})
