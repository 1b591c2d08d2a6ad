// Retention in a running central: the audit log with its key, a round each minute, and what the operator can ask.
import { join } from 'node:path'
import * as z from 'zod'
import type { Arrivals } from '../arrivals/arrivals.ts'
import { Audit } from '../audit/audit.ts'
import type { Action } from '../audit/entry.ts'
import { openAuditKey } from '../audit/key.ts'
import { fileNames } from '../folder.ts'
import type { Register } from '../register/register.ts'
import type { Reading } from './clock.ts'
import { Retention, type RetentionStatus } from './retention.ts'

const ROUND_MS = 60_000
const PAGE = 2000

export interface RecallRequest {
  readonly member: string
  /** Seconds since 1970, both included. */
  readonly first: number
  readonly last: number
  readonly gateway?: number | undefined
  readonly rule?: number | undefined
}

export interface AuditPage {
  readonly key: string
  readonly head: { readonly number: number; readonly hash: string }
  /** Lines of an export (audit/verify.ts). */
  readonly lines: readonly string[]
  /** The number to ask for next; undefined at the end. */
  readonly next: number | undefined
}

/** What an operator can ask of retention. */
export interface RetentionOperations {
  retention(): Promise<RetentionStatus>
  /** Central's clock is right, whatever it was before. */
  confirmClock(): Promise<RetentionStatus>
  /** How many rows were taken back. */
  recall(request: RecallRequest): Promise<number>
  /** The last statements of erasures, the oldest first. */
  statements(most: number): Promise<readonly Record<string, unknown>[]>
  /** A page of the export, from an entry on; 0 is the beginning. */
  audit(after: number): Promise<AuditPage>
}

export interface RunningRetention {
  readonly retention: Retention
  readonly operations: RetentionOperations
  /** Notes in the audit log what somebody looked at. */
  note(action: Action, facts: Readonly<Record<string, unknown>>): void
  stop(): Promise<void>
}

export interface BeginOptions {
  readonly folder: string
  readonly register: Register
  readonly arrivals: Arrivals
  readonly now: () => number
  readonly readClock: () => Reading
  readonly report: (error: unknown) => void
  /** A minute by default. */
  readonly everyMs?: number | undefined
}

const idSchema = z.object({ id: z.number() })
const countSchema = z.object({ n: z.number() })

export async function beginRetention(options: BeginOptions): Promise<RunningRetention> {
  const { folder, register, arrivals, now, readClock, report } = options
  const [{ n: entries }] = register.read(countSchema, 'SELECT count(*) AS n FROM (SELECT 1 FROM audit LIMIT 1)')
  const key = openAuditKey(folder, fileNames.audit, entries > 0)
  const audit = new Audit(register, key, now)
  const [arrivalsFolder, suspectFolder] = [fileNames.arrivals, fileNames.suspect].map(name => join(folder, name))
  const retention = await Retention.open({ register, arrivals, audit, arrivalsFolder, suspectFolder, report, readClock })
  const round = () => void retention.round().catch(report)
  const timer = setInterval(round, options.everyMs ?? ROUND_MS).unref()
  // what came due while central did not run
  round()
  const operations: RetentionOperations = {
    retention: async () => retention.status(),
    confirmClock: async () => {
      retention.confirmClock()
      return retention.status()
    },
    recall: async ({ member, gateway = null, rule = null, first, last }) => {
      const [found] = register.read(idSchema, 'SELECT id FROM members WHERE name = $member', { member })
      if (found === undefined) throw new Error(`there is no member ${member}`)
      if (last < first) throw new Error('--to is before --from')
      return retention.recall({ member: found.id, gateway, rule, first, last })
    },
    statements: async most => audit.last(most, 'erasure').map(({ text }) => JSON.parse(text)),
    audit: async after => {
      const lines = after === 0 ? [audit.exportHead()] : []
      const page = audit.after(after, undefined, PAGE)
      const { number, hash } = audit.head
      const next = page.length < PAGE ? undefined : page[page.length - 1].number
      return { key: key.id, head: { number, hash: hash.toString('hex') }, lines: [...lines, ...page.map(entry => audit.line(entry))], next }
    },
  }
  return {
    retention,
    operations,
    note: (action, facts) => {
      try {
        register.transact(transaction => audit.record(transaction, action, facts), 'reserve')
      } catch (error) {
        // on a full disk the operator has to be able to look
        report(error)
      }
    },
    stop: async () => {
      clearInterval(timer)
      await retention.close()
    },
  }
}
