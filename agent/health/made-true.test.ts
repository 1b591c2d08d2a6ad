import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkNames, checkWords } from './report/words.ts'
import { madeTrue } from './test-made-true.ts'

const root = join(import.meta.dirname, '../..')

for (const name of checkNames)
  t.test(`${name}: a test makes it true`, async t => {
    t.ok(madeTrue[name]?.length > 0)
    for (const { file, asks } of madeTrue[name]) {
      t.match(file, /\.(slow|alone|updates)\.test\.ts$/, 'no test of the pure table')
      t.ok(readFileSync(join(root, file), 'utf8').includes(asks), `${file} asks for ${asks}`)
    }
  })

t.test('nothing else is in the table, and only three have a stand-in', async t => {
  t.same(Object.keys(madeTrue).sort(), [...checkNames].sort())
  t.same(
    checkNames.filter(name => madeTrue[name].every(({ standsIn }) => standsIn)),
    ['memory', 'memory-pressure', 'temperature'],
  )
})

t.test('no number is given twice', async t => {
  const numbers = checkNames.map(name => checkWords[name].number)
  t.equal(new Set(numbers).size, numbers.length)
  t.equal(Math.max(...numbers), numbers.length, 'and none was taken away')
})
