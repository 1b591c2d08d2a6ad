import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { timestamp } from './schema.ts'
import { Store } from './store.ts'

const count = z.object({ count: z.bigint() })
const counted = async (store: Store) => (await store.read(count, 'SELECT count(*) AS count FROM codes'))[0].count
const values = (hash: string) => ({ hash, at: timestamp(0) })
const insert = `INSERT INTO codes VALUES ($hash, 'member', $at, NULL, NULL)`

t.test('who asks after it was closed does not make it be opened again', async t => {
  const reports: unknown[] = []
  const store = await Store.open(t.testdir(), { report: error => reports.push(error) })
  await store.close()
  for (let i = 0; i < 3; i++) await t.rejects(counted(store), { code: 'central-failed' })
  await t.rejects(
    store.transact(async () => undefined),
    { code: 'central-failed' },
  )
  t.equal(store.disk.openings, 1)
  t.same(reports, [])
})

t.test('a transaction that throws leaves nothing, and the next one works', async t => {
  const store = await Store.open(t.testdir())
  const failing = store.transact(async transaction => {
    await transaction.run(insert, values('a'))
    throw new Error('changed my mind')
  })
  const next = store.transact(transaction => transaction.run(insert, values('b')))
  await t.rejects(failing, { message: 'changed my mind' })
  await next
  t.equal(await counted(store), 1n)
  await t.rejects(
    store.transact(async transaction => {
      await transaction.run(insert, values('c'))
      await transaction.run(insert, values('b'))
    }),
    /Duplicate key/,
  )
  t.equal(await counted(store), 1n)
  await store.close()
})

t.test('readers do not see what is not committed', async t => {
  const store = await Store.open(t.testdir())
  await store.transact(async transaction => {
    await transaction.run(insert, values('a'))
    t.equal(await counted(store), 0n)
  })
  t.equal(await counted(store), 1n)
  await store.close()
})

t.test('a database that was half made is thrown away, not opened', async t => {
  const folder = t.testdir({ 'central.duckdb.draft': 'half of a hea', 'central.duckdb.draft.wal': '' })
  const store = await Store.open(folder)
  t.equal(await counted(store), 0n)
  t.notOk(existsSync(join(folder, 'central.duckdb.draft')))
  await store.close()
})

t.test('a file that is no database is refused and left alone', async t => {
  const folder = t.testdir({ 'central.duckdb': 'precious' })
  await t.rejects(Store.open(folder), /not a valid DuckDB database/)
  t.equal(readFileSync(join(folder, 'central.duckdb'), 'utf8'), 'precious')
})

t.test('two processes cannot open one store', async t => {
  const folder = t.testdir()
  const store = await Store.open(folder)
  const url = new URL('./store.ts', import.meta.url).href
  const script = `const { Store } = await import(${JSON.stringify(url)}); await Store.open(${JSON.stringify(folder)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  t.equal(code, 1)
  t.match(said, /Could not set lock on file/)
  await store.close()
})

t.test('SQL cannot read files of the machine', async t => {
  const folder = t.testdir({ secret: 'x' })
  const store = await Store.open(folder)
  await t.rejects(store.read(count, `SELECT * FROM read_text('${join(folder, 'secret')}')`), /disabled by configuration/)
  await store.close()
})

const traceable = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0

t.test('the log is flushed before COMMIT returns', { skip: traceable ? false : 'needs strace' }, async t => {
  const folder = t.testdir()
  const script = join(folder, 'script.mjs')
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs'
    const { Store } = await import(${url('./store.ts')}); const { timestamp } = await import(${url('./schema.ts')})
    const store = await Store.open(process.argv[2])
    for (const hash of ['a', 'b']) {
      writeSync(1, 'begin ' + hash)
      await store.transact(transaction => transaction.run(${JSON.stringify(insert)}, { hash, at: timestamp(0) }))
      writeSync(1, 'end ' + hash)
    }
    process.kill(process.pid, 'SIGKILL')`,
  )
  const log = join(folder, 'strace.log')
  spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', log, process.execPath, script, folder])
  for (const hash of ['a', 'b']) {
    const during = readFileSync(log, 'utf8').split(`"begin ${hash}"`)[1].split(`"end ${hash}"`)[0]
    t.match(during, /f(data)?sync\(\d+<[^>]*central\.duckdb\.wal>\) += 0/, `the log, transaction ${hash}`)
    t.match(during, new RegExp(`fsync\\(\\d+<${folder}>\\) += 0`), `the folder, transaction ${hash}`)
  }
})
