// How the operator's commands show retention and the audit log.

import { grouped, table } from '../../agent/lib/table.ts'
import { visible } from '../../agent/lib/visible.ts'
import type { RetentionStatus } from '../retention/retention.ts'

const WIDTH = 12
const line = (name: string, value: string): string => `${name.padEnd(WIDTH)}${value}`

export function retentionText(status: RetentionStatus): string {
  const { lastRound, deletesBy, isClockDoubted, hours, oldestSince, refusesFrom, late, unreadable, files, damagedFiles } = status
  const attention = [
    ...late.map(name => `! arrivals/${name}.duckdb is older than 26 hours and still there: look at the log of central`),
    ...unreadable.map(
      name => `! arrivals/${name}.duckdb cannot be swept: look at the log of central. It is removed unread before it is too old`,
    ),
    ...damagedFiles.map(name => `! suspect/${name} is missing or cannot be read: restore it from a backup, or remove it`),
    ...(isClockDoubted
      ? ["! central's clock has jumped ahead, and nothing is deleted by it yet. If it is right: retention --confirm-clock. If not: set it"]
      : []),
  ]
  return [
    line('last run', lastRound ?? 'not yet'),
    line('deletes by', deletesBy),
    line('arrivals', hours === 0 ? 'none' : `${hours} hours, the oldest of ${oldestSince}`),
    line(
      'refuses',
      refusesFrom === null ? 'never: nothing is waiting' : `batches from ${refusesFrom} on, if the oldest hour is still there`,
    ),
    line('suspicious', `${files} files`),
    ...attention.map(visible),
  ].join('\n')
}

/** One line a statement. */
export function statementsText(statements: readonly Record<string, unknown>[]): string {
  if (statements.length === 0) return 'Nothing has been deleted yet.'
  const rows = statements.map(({ number, at, file, rowsBefore, rowsAfter, reason }) => {
    const deleted = typeof rowsBefore === 'number' && typeof rowsAfter === 'number' ? grouped(rowsBefore - rowsAfter) : 'not known'
    return [String(number), String(at), String(file), deleted, String(reason)]
  })
  return table(['entry', 'time', 'file', 'rows', 'reason'], rows)
}
