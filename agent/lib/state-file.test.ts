import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { copyOf, ensureFolder, fromJson, mendState, readState, toJson, writeState } from './state-file.ts'

const decode = fromJson(value => {
  const { count } = value as { count: unknown }
  if (typeof count !== 'number') throw new Error('has no count')
  return count
})

/** What may be wrong with a file on a disk. */
const damages: Record<string, (path: string) => void> = {
  'another bit': path => {
    const bytes = readFileSync(path)
    bytes[9] ^= 1
    writeFileSync(path, bytes)
  },
  empty: path => truncateSync(path, 0),
  'cut short': path => truncateSync(path, 9),
  zeros: path => writeFileSync(path, Buffer.alloc(100)),
  'of another form': path => writeFileSync(path, 'null'),
  'a list': path => writeFileSync(path, '[]'),
  'without end': path => writeFileSync(path, Buffer.alloc(2 ** 21, '{')),
  'a pipe': path => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  },
  'a folder': path => {
    rmSync(path)
    mkdirSync(path)
    writeFileSync(join(path, 'something'), '')
  },
}

t.test('what is damaged in one copy is taken from the other, told, set aside and mended', async t => {
  for (const [name, damage] of Object.entries(damages))
    for (const which of ['state', 'state.copy']) {
      const folder = join(t.testdirName, `${name} ${which}`)
      mkdirSync(folder, { recursive: true })
      const path = join(folder, 'state')
      writeState(path, toJson({ count: 17 }))
      damage(join(folder, which))
      t.match(readState(path, decode), { value: 17, damage: [new RegExp(which)] }, `${name}: ${which}`)
      t.match(mendState(path, decode), { value: 17, damage: [new RegExp(which)] })
      t.same(mendState(path, decode), { value: 17, damage: [] }, 'mended')
      t.same(readdirSync(folder).sort(), ['state', 'state.copy', `${which}.damaged`].sort())
    }
})

t.test('where both are damaged there is no value, both are set aside, and a new one can be written', async t => {
  for (const [name, damage] of Object.entries(damages)) {
    const path = join(t.testdir(), 'state')
    writeState(path, toJson({ count: 17 }))
    damage(path)
    damage(copyOf(path))
    const { value, damage: told } = mendState(path, decode)
    t.equal(value, undefined, name)
    t.equal(told.length, 2)
    writeState(path, toJson({ count: 18 }))
    t.same(mendState(path, decode), { value: 18, damage: [] })
  }
})

t.test('a file that is gone is there again, and one that never was is no damage', async t => {
  const path = join(t.testdir(), 'state')
  t.same(mendState(path, decode), { value: undefined, damage: [] })
  writeState(path, toJson({ count: 17 }), { mode: 0o640 })
  rmSync(path)
  t.match(mendState(path, decode, { mode: 0o640 }), { value: 17, damage: [/was missing/] })
  t.equal(statSync(path).mode & 0o777, 0o640)
  writeFileSync(path, '{"count":3}')
  rmSync(copyOf(path))
  t.same(mendState(path, decode), { value: 3, damage: [] }, 'one of an older version has neither sum nor copy')
  t.same(readState(copyOf(path), decode).value, 3)
})

t.test('an older copy, left by a power cut between the two writes, is written over', async t => {
  const path = join(t.testdir(), 'state')
  writeState(path, toJson({ count: 1 }))
  writeFileSync(path, toJson({ count: 2 }))
  t.same(mendState(path, decode), { value: 2, damage: [] })
  t.ok(readFileSync(copyOf(path)).equals(readFileSync(path)))
})

t.test('a file in the place of a folder is set aside', async t => {
  const folder = join(t.testdir({ spool: 'a file' }), 'spool')
  t.match(ensureFolder(folder), /cannot be read as a folder/)
  t.ok(statSync(folder).isDirectory())
  t.equal(ensureFolder(folder), undefined)
})
