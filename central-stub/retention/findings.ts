// Findings name sources, so they go with what they rest on. SQLite overwrites what is deleted (secure_delete), and the log in which the
// old pages still are is cut off afterwards.
import * as z from 'zod'
import type { Reader } from '../register/register.ts'
import type { Ground } from './ground.ts'
import { JOB } from './policy.ts'
import type { Statement } from './statements.ts'

export interface OldFinding {
  readonly id: number
  readonly source: Uint8Array
  readonly sourceKind: number
  readonly lastAt: number
}

const nameSchema = z.object({ name: z.string() })
const findingSchema = z
  .object({ id: z.number(), source: z.instanceof(Uint8Array), source_kind: z.number(), last_at: z.number() })
  .transform(({ id, source, source_kind, last_at }): OldFinding => ({ id, source, sourceKind: source_kind, lastAt: last_at }))

export const hasTable = (reader: Reader, name: string): boolean =>
  reader.read(nameSchema, 'SELECT name FROM sqlite_master WHERE name = $name', { name }).length > 0

/** Every finding; who asks looks at the time. */
export const oldFindings = (reader: Reader): OldFinding[] =>
  hasTable(reader, 'findings') ? reader.read(findingSchema, 'SELECT id, source, source_kind, last_at FROM findings') : []

/** Deletes findings whole. */
export function eraseFindings(
  ground: Ground,
  findings: readonly Pick<OldFinding, 'id'>[],
  policy: Pick<Statement, 'policy' | 'reason'>,
): void {
  if (findings.length === 0) return
  const { register, audit } = ground
  register.transact(transaction => {
    const before = count(transaction, 'findings')
    for (const { id } of findings) {
      for (const table of ['finding_evidence', 'finding_members'])
        if (hasTable(transaction, table)) transaction.run(`DELETE FROM ${table} WHERE finding = $id`, { id })
      transaction.run('DELETE FROM findings WHERE id = $id', { id })
    }
    audit.record(transaction, 'erasure', statementOf(policy, before, count(transaction, 'findings')))
  }, 'reserve')
  register.checkpoint()
}

/** Takes a member out of the findings about a source, and deletes those that have no other. */
export function eraseMember(
  ground: Ground,
  pairs: readonly { source: Uint8Array; member: number }[],
  policy: Pick<Statement, 'policy' | 'reason'>,
): void {
  const { register, audit } = ground
  if (pairs.length === 0 || !hasTable(register, 'findings')) return
  const ids = `SELECT id FROM findings WHERE source = $source`
  register.transact(transaction => {
    const before = count(transaction, 'finding_members')
    for (const { source, member } of pairs) {
      for (const table of ['finding_evidence', 'finding_members'])
        transaction.run(`DELETE FROM ${table} WHERE member = $member AND finding IN (${ids})`, { source, member })
      transaction.run('DELETE FROM findings WHERE source = $source AND id NOT IN (SELECT finding FROM finding_members)', { source })
    }
    const after = count(transaction, 'finding_members')
    if (after < before) audit.record(transaction, 'erasure', statementOf(policy, before, after))
  }, 'reserve')
  register.checkpoint()
}

function statementOf(policy: Pick<Statement, 'policy' | 'reason'>, rowsBefore: number, rowsAfter: number): Record<string, unknown> {
  const nothing = { sha256Before: null, rootBefore: null, rootAfter: null, into: null }
  return { job: JOB, ...policy, file: 'register.sqlite, findings', rowsBefore, rowsAfter, ...nothing }
}

const countSchema = z.object({ n: z.number() })
const count = (reader: Reader, table: string): number => reader.read(countSchema, `SELECT count(*) AS n FROM ${table}`)[0].n
