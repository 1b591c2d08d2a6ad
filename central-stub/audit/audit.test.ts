import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type * as z from 'zod'
import type { Transaction } from '../register/register.ts'
import { Audit } from './audit.ts'
import { actions } from './entry.ts'
import { type AuditKey, auditKeyOf, openAuditKey } from './key.ts'
import { auditTables } from './tables.ts'
import { verifyExport } from './verify.ts'

const newKey = (): AuditKey => auditKeyOf(generateKeyPairSync('ed25519').privateKey)

function newLog(key = newKey()): { database: DatabaseSync; audit: Audit; key: AuditKey; transaction: Transaction } {
  const database = new DatabaseSync(':memory:')
  database.exec(auditTables)
  const transaction: Transaction = {
    read: <T>(shape: z.ZodType<T>, sql: string, values = {}) =>
      database
        .prepare(sql)
        .all(values)
        .map(row => shape.parse(row)),
    run: (sql, values = {}) => Number(database.prepare(sql).run(values).changes),
  }
  return { database, transaction, key, audit: new Audit(transaction, key, () => Date.parse('2026-12-01T12:00Z')) }
}

const statement = {
  job: 'retention 1',
  policy: 'non-malicious',
  reason: 'over 23 h old',
  file: 'arrivals/2026-12-01T03.duckdb',
  sha256Before: 'ab',
  rowsBefore: 10,
  rowsAfter: 4,
  rootBefore: 'cd',
  rootAfter: 'ef',
}

function filled(count: number) {
  const log = newLog()
  for (let i = 0; i < count; i++) {
    const action = actions[i % actions.length]
    log.audit.record(log.transaction, action, action === 'erasure' ? statement : { rows: i })
  }
  return log
}

t.test('the chain and the statements verify, whole and from any entry on', async t => {
  const { audit, key } = filled(505)
  const lines = [...audit.exportLines()]
  t.equal(lines.length, 506, 'also over several pages')
  const verified = await verifyExport(lines, key.id)
  t.match(verified, { entries: 505, after: 0, head: audit.head.hash.toString('hex'), erased: { statements: 84, rows: 504 } })
  t.equal(verified.actions.collection, 85)
  t.match(await verifyExport(audit.exportLines(300)), { entries: 205, after: 300, head: verified.head })
  t.match(await verifyExport(filled(0).audit.exportLines()), { entries: 0 })
})

t.test('nobody changes, removes, replaces or slips in an entry through SQLite', async t => {
  const { database, audit } = filled(12)
  const before = [...audit.exportLines()]
  for (const sql of [
    "UPDATE audit SET entry = '{}' WHERE number = 3",
    'DELETE FROM audit WHERE number = 12',
    'DELETE FROM audit',
    "INSERT OR REPLACE INTO audit VALUES (3, 'erasure', '{}', x'00', x'00')",
    "INSERT OR IGNORE INTO audit VALUES (14, 'erasure', '{}', x'00', x'00')",
    "INSERT INTO audit VALUES (0, 'erasure', '{}', x'00', x'00')",
  ])
    t.throws(() => database.exec(sql), { message: /append-only/ }, sql)
  t.same([...audit.exportLines()], before)
})

t.test('an entry that was changed, left out, moved, or signed by another is found', async t => {
  const { audit, key } = filled(12)
  const lines = [...audit.exportLines()]
  const change = (at: number, edit: (row: Record<string, string>) => void) => {
    const row = JSON.parse(lines[at])
    edit(row)
    return lines.with(at, JSON.stringify(row))
  }
  const other = filled(12)
  const moved = [...lines]
  ;[moved[4], moved[5]] = [moved[5], moved[4]]
  for (const [name, forged] of Object.entries({
    changed: change(5, row => {
      row.entry = row.entry.replace('"rows":4', '"rows":5')
    }),
    'another signature': change(7, row => {
      row.signature = JSON.parse(lines[8]).signature
    }),
    'left out': lines.toSpliced(6, 1),
    'first left out': lines.toSpliced(1, 1),
    moved,
    'entry of another central': lines.with(12, [...other.audit.exportLines()][12]),
    'another key': lines.with(0, [...other.audit.exportLines()][0]),
    'rows became more': [...withStatement({ ...statement, rowsAfter: 11 })],
    'no root': [...withStatement({ ...statement, rootAfter: undefined })],
    empty: [],
  }))
    await t.rejects(verifyExport(forged), Error, name)
  await t.rejects(verifyExport([...other.audit.exportLines()], key.id), { message: /signed by key/ })
})

function withStatement(facts: object): Generator<string> {
  const { audit, transaction } = newLog()
  audit.record(transaction, 'erasure', { ...facts })
  return audit.exportLines()
}

t.test('the verifier needs Node.js only: it runs alone in an empty folder', async t => {
  const folder = t.testdir()
  const { audit, key } = filled(30)
  copyFileSync(join(import.meta.dirname, 'verify.ts'), join(folder, 'verify.ts'))
  writeFileSync(join(folder, 'audit.jsonl'), `${[...audit.exportLines()].join('\n')}\n`)
  const run = (...words: string[]) => ['--no-warnings', 'verify.ts', ...words]
  const options = { cwd: folder, env: {}, encoding: 'utf8' } as const
  t.match(JSON.parse(execFileSync(process.execPath, run('audit.jsonl', key.id), options)), { entries: 30 })
  writeFileSync(join(folder, 'forged.jsonl'), `${[...audit.exportLines()].toSpliced(4, 1).join('\n')}\n`)
  const forged = spawnSync(process.execPath, run('forged.jsonl'), options)
  t.equal(forged.status, 1)
  t.match(forged.stderr, /NOT VERIFIED: line 5/)
  t.equal(spawnSync(process.execPath, run(), options).status, 2)
})

t.test('the key is made once, and never anew where the log needs the old one', async t => {
  const folder = t.testdir()
  const { id } = openAuditKey(folder, 'audit.pem', false)
  t.equal(openAuditKey(folder, 'audit.pem', true).id, id)
  t.equal(statSync(join(folder, 'audit.pem')).mode & 0o777, 0o600)
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
  t.throws(() => openAuditKey(folder, 'audit.pem', true), { message: /is missing: restore it from a backup/ })
  t.same(readdirSync(folder), [], 'nothing was made')
})
