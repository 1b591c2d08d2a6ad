import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { Register } from './register.ts'

const count = z.object({ count: z.number() })
const counted = (register: Register) => register.read(count, 'SELECT count(*) AS count FROM members')[0].count
const insert = 'INSERT INTO members (name) VALUES ($name)'

t.test('who asks after it was closed is refused', async t => {
  const register = Register.open(t.testdir())
  register.close()
  t.throws(() => counted(register), { code: 'central-failed' })
  t.throws(() => register.transact(() => undefined), { code: 'central-failed' })
})

t.test('a transaction that throws leaves nothing, and the next one works', async t => {
  const register = Register.open(t.testdir())
  t.teardown(() => register.close())
  t.throws(
    () =>
      register.transact(transaction => {
        transaction.run(insert, { name: 'a' })
        throw new Error('changed my mind')
      }),
    { message: 'changed my mind' },
  )
  t.equal(
    register.transact(transaction => transaction.run(insert, { name: 'b' })),
    1,
  )
  t.throws(() => register.transact(transaction => transaction.run(insert, { name: 'b' })), /UNIQUE/)
  t.throws(() => register.transact(async () => undefined), /cannot wait/)
  t.equal(counted(register), 1)
})

t.test('a number that is not a safe one is refused, not rounded', async t => {
  const register = Register.open(t.testdir())
  t.teardown(() => register.close())
  t.throws(() => register.read(count, 'SELECT 9007199254740993 AS count'), { code: 'ERR_OUT_OF_RANGE' })
})

t.test('a register that was half made is thrown away, not opened', async t => {
  const folder = t.testdir({ 'register.sqlite.draft': 'half of a hea', 'register.sqlite.draft-wal': '' })
  const register = Register.open(folder)
  t.teardown(() => register.close())
  t.equal(counted(register), 0)
  t.notOk(existsSync(join(folder, 'register.sqlite.draft')))
})

t.test('a file that is no register is refused with advice, and left alone', async t => {
  const folder = t.testdir({ 'register.sqlite': 'precious'.repeat(1000) })
  t.throws(() => Register.open(folder), /is damaged \(file is not a database\): restore it from a backup/)
  t.equal(readFileSync(join(folder, 'register.sqlite'), 'utf8'), 'precious'.repeat(1000))
})

t.test('a damaged page is found at the start', async t => {
  const folder = t.testdir()
  const register = Register.open(folder)
  register.transact(transaction => {
    for (let i = 0; i < 5000; i++) transaction.run(insert, { name: `member ${i}` })
  })
  register.close()
  const path = join(folder, 'register.sqlite')
  const bytes = readFileSync(path)
  bytes.fill(0xa5, bytes.length - 20_000, bytes.length - 4000)
  writeFileSync(path, bytes)
  t.throws(() => Register.open(folder), /is damaged/)
})

const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)

t.test('two processes cannot open one register', async t => {
  const folder = t.testdir()
  const register = Register.open(folder)
  t.teardown(() => register.close())
  const script = `const { Register } = await import(${url('./register.ts')}); Register.open(${JSON.stringify(folder)})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  t.equal(status, 1)
  t.match(String(stderr), /is in use \(database is locked\)/)
})

t.test('SQL cannot make files', async t => {
  const folder = t.testdir()
  const register = Register.open(folder)
  t.teardown(() => register.close())
  t.throws(() => register.read(count, `ATTACH '${join(folder, 'other')}' AS other`))
  t.notOk(existsSync(join(folder, 'other')))
})

const traceable = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0

t.test('the log is flushed before a transaction returns', { skip: traceable ? false : 'needs strace' }, async t => {
  const folder = t.testdir()
  const script = join(folder, 'script.mjs')
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs'
    const { Register } = await import(${url('./register.ts')})
    const register = Register.open(process.argv[2])
    for (const name of ['a', 'b']) {
      writeSync(1, 'begin ' + name)
      register.transact(transaction => transaction.run(${JSON.stringify(insert)}, { name }))
      writeSync(1, 'end ' + name)
    }
    process.kill(process.pid, 'SIGKILL')`,
  )
  const log = join(folder, 'strace.log')
  spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', log, process.execPath, script, folder])
  for (const name of ['a', 'b']) {
    const during = readFileSync(log, 'utf8').split(`"begin ${name}"`)[1].split(`"end ${name}"`)[0]
    t.match(during, /f(data)?sync\(\d+<[^>]*register\.sqlite-wal>\) += 0/, `the log, transaction ${name}`)
  }
  const register = Register.open(folder)
  t.teardown(() => register.close())
  t.equal(counted(register), 2, 'after the kill')
})
