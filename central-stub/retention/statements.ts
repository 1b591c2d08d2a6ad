// A statement of an erasure: what was deleted, why and when, without any of its content. It is prepared before the file goes, because
// afterwards nobody can count it any more, and signed into the audit log when the file is gone: it is never there for a file that is.
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import type { Transaction } from '../register/register.ts'
import type { Ground } from './ground.ts'
import { JOB } from './policy.ts'

export interface Statement {
  readonly policy: 'non-malicious' | 'suspicious' | 'recall' | 'cap'
  readonly reason: string
  /** arrivals/2026-12-01T03.duckdb or suspect/2026-12-01.1.parquet */
  readonly file: string
  /** Null where the file could not be read. */
  readonly sha256Before: string | null
  readonly rowsBefore: number | null
  readonly rowsAfter: number | null
  readonly rootBefore: string | null
  /** Null if nothing was kept. */
  readonly rootAfter: string | null
  /** The file that has what was kept. */
  readonly into: string | null
  readonly [more: string]: unknown
}

const pendingSchema = z.object({ file: z.string(), statement: z.string() })

export function pathOf(ground: Pick<Ground, 'arrivalsFolder' | 'suspectFolder'>, file: string): string {
  return join(dirname(file) === 'suspect' ? ground.suspectFolder : ground.arrivalsFolder, basename(file))
}

/** Signs the prepared statement of a file, if there is one and the file is gone. */
export function signErasure({ register, audit }: Ground, file: string): void {
  register.transact(transaction => {
    const [pending] = transaction.read(pendingSchema, 'SELECT file, statement FROM erasures_pending WHERE file = $file', { file })
    if (pending === undefined) return
    audit.record(transaction, 'erasure', { job: JOB, ...JSON.parse(pending.statement) })
    transaction.run('DELETE FROM erasures_pending WHERE file = $file', { file })
  }, 'reserve')
}

/** What a crash has left: signs for files that are gone. An hour that is still there, and a recall, is finished by the next round. */
export function recoverErasures(ground: Ground): void {
  for (const { file } of ground.register.read(pendingSchema, 'SELECT file, statement FROM erasures_pending'))
    if (!file.includes(',') && !existsSync(pathOf(ground, file))) signErasure(ground, file)
}

export function prepare(transaction: Transaction, statement: Statement): void {
  transaction.run('INSERT OR REPLACE INTO erasures_pending VALUES ($file, $statement)', {
    file: statement.file,
    statement: JSON.stringify(statement),
  })
}
