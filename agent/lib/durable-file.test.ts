import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isErrorWithCode, readIfPossible, readWithin, removeIfThere, writeDurable, writeDurableAsync } from './durable-file.ts'

t.test('replaces a file as a whole, readable by its owner only unless another mode is given', async t => {
  const folder = t.testdir({ state: 'old' })
  const path = join(folder, 'state')
  writeDurable(path, 'new')
  t.equal(readFileSync(path, 'utf8'), 'new')
  t.equal(statSync(path).mode & 0o777, 0o600)
  const large = Buffer.alloc(3_000_000, 7)
  writeDurable(path, large, { mode: 0o644 })
  t.ok(readFileSync(path).equals(large))
  t.equal(statSync(path).mode & 0o777, 0o644)
  t.same(readdirSync(folder), ['state'], 'no draft stays')
})

t.test('leaves everything as it was when it fails, and a draft of before is no hindrance', async t => {
  const folder = t.testdir({ 'state.draft': 'half of somethi', taken: {} })
  t.throws(() => writeDurable(join(folder, 'taken'), 'text'), { code: 'EISDIR' })
  t.throws(() => writeDurable(join(folder, 'none', 'state'), 'text'), { code: 'ENOENT' })
  t.same(readdirSync(folder).sort(), ['state.draft', 'taken'])
  writeDurable(join(folder, 'state'), 'whole')
  t.equal(readFileSync(join(folder, 'state'), 'utf8'), 'whole')
  t.notOk(existsSync(join(folder, 'state.draft')))
})

t.test('a full disk leaves the old file and no draft', { skip: existsSync('/dev/full') ? false : 'there is no /dev/full' }, async t => {
  // the draft of this path is a device that answers every write with ENOSPC (full(4))
  const folder = t.testdir({ state: 'old', 'state.draft': t.fixture('symlink', '/dev/full') })
  t.throws(() => writeDurable(join(folder, 'state'), 'new'), { code: 'ENOSPC' })
  t.equal(readFileSync(join(folder, 'state'), 'utf8'), 'old')
  t.same(readdirSync(folder), ['state'])
})

t.test('removes a file, accepts that it is gone already, and throws any other error', async t => {
  const folder = t.testdir({ file: '' })
  mkdirSync(join(folder, 'folder'))
  removeIfThere(join(folder, 'file'))
  removeIfThere(join(folder, 'file'))
  t.notOk(existsSync(join(folder, 'file')))
  t.throws(() => removeIfThere(join(folder, 'folder')), /unlink/)
})

t.test('knows errors by their codes only', async t => {
  const folder = t.testdir()
  try {
    writeFileSync(join(folder, 'none', 'file'), '')
    t.fail('wrote into a folder that is not there')
  } catch (error) {
    t.ok(isErrorWithCode(error, 'EACCES', 'ENOENT'))
    t.notOk(isErrorWithCode(error, 'EACCES'))
  }
  t.notOk(isErrorWithCode({ code: 'ENOENT' }, 'ENOENT'), 'what is no error has none')
  t.notOk(isErrorWithCode(new Error('ENOENT'), 'ENOENT'))
})

t.test('whatever has the name of a draft is no hindrance: a folder, or a link that leads nowhere', async t => {
  const folder = t.testdir({ 'one.draft': { inside: {} }, 'two.draft': { inside: {} }, 'three.draft': t.fixture('symlink', 'three.draft') })
  writeDurable(join(folder, 'one'), 'text')
  await writeDurableAsync(join(folder, 'two'), Buffer.from('text'))
  writeDurable(join(folder, 'three'), 'text')
  t.same(readdirSync(folder).sort(), ['one', 'three', 'two'])
})

t.test('reads files only, and no more of one than it may have', async t => {
  const folder = t.testdir({ file: 'text', folder: {} })
  execFileSync('mkfifo', [join(folder, 'pipe')])
  t.equal(String(readWithin(join(folder, 'file'), 4)), 'text')
  for (const name of ['folder', 'pipe']) t.throws(() => readWithin(join(folder, name), 4), { code: 'EISDIR' }, name)
  t.throws(() => readWithin(join(folder, 'file'), 3), { code: 'EFBIG' })
  t.throws(() => readWithin(join(folder, 'none'), 3), { code: 'ENOENT' })
  t.equal(String(readIfPossible(join(folder, 'file'), 4)), 'text')
  t.equal(readIfPossible(join(folder, 'file'), 3), undefined)
  for (const name of ['folder', 'pipe', 'none']) t.equal(readIfPossible(join(folder, name), 4), undefined, name)
})
