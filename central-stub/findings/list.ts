// Findings as they are told: the last ones first, with names in place of numbers.
import * as z from 'zod'
import { pseudonymText } from '../../agent/batch/pseudonym-text.ts'
import { formatAddress } from '../../agent/lib/address.ts'
import type { Aim } from './judge.ts'

export interface Finding {
  readonly id: number
  readonly rule: string
  readonly source: string
  readonly detail: number
  /** ISO 8601. */
  readonly firstAt: string
  readonly lastAt: string
  readonly foundAt: string
  readonly techniques: readonly string[]
  /** 0 to 100. */
  readonly confidence: number
  /** Admiralty: letter and digit. */
  readonly grade: string
  readonly handshake: boolean
  /** Whether anything may be done to the source because of this finding alone. */
  readonly consequence: boolean
  readonly aim: Aim
  /** The most that the rule counted at once. */
  readonly amount: number
  readonly members: readonly FindingMember[]
}

export interface FindingMember {
  readonly member: string
  /** Where the rule is about single addresses. */
  readonly targets: readonly string[]
  readonly amount: number
  /** Numbers of batches by device, 64 at most in all. */
  readonly evidence: Readonly<Record<string, readonly number[]>>
}

interface Reader {
  read<T>(shape: z.ZodType<T>, sql: string, values?: Record<string, number>): T[]
}

const blob = z.instanceof(Uint8Array)
const findingRow = z.object({
  id: z.number(),
  rule: z.string(),
  source: blob,
  source_kind: z.number(),
  detail: z.number(),
  first_at: z.number(),
  last_at: z.number(),
  found_at: z.number(),
  technique: z.string(),
  confidence: z.number(),
  grade: z.string(),
  handshake: z.number(),
  consequence: z.number(),
  aim: z.custom<Aim>(),
  amount: z.number(),
})
const memberRow = z.object({ name: z.string(), target: blob.nullable(), target_kind: z.number(), amount: z.number() })
const evidenceRow = z.object({ name: z.string(), device: z.string(), sequence: z.number() })

/** The findings that changed last. */
export function listFindings(register: Reader, limit: number): Finding[] {
  const rows = register.read(findingRow, 'SELECT * FROM findings ORDER BY updated_at DESC, id DESC LIMIT $limit', { limit })
  return rows.map(row => ({
    id: row.id,
    rule: row.rule,
    source: addressText(row.source, row.source_kind),
    detail: row.detail,
    firstAt: new Date(row.first_at).toISOString(),
    lastAt: new Date(row.last_at).toISOString(),
    foundAt: new Date(row.found_at).toISOString(),
    techniques: row.technique.split(' '),
    confidence: row.confidence,
    grade: row.grade,
    handshake: row.handshake === 1,
    consequence: row.consequence === 1,
    aim: row.aim,
    amount: row.amount,
    members: membersOf(register, row.id),
  }))
}

function membersOf(register: Reader, id: number): FindingMember[] {
  const reached = register.read(
    memberRow,
    `SELECT coalesce(m.name, 'member ' || f.member) AS name, f.target, f.target_kind, f.amount FROM finding_members f LEFT JOIN members m ON m.id = f.member
      WHERE f.finding = $id ORDER BY f.amount DESC, name`,
    { id },
  )
  const proof = register.read(
    evidenceRow,
    `SELECT coalesce(m.name, 'member ' || e.member) AS name, coalesce(d.device, 'device ' || e.device) AS device, e.sequence
      FROM finding_evidence e LEFT JOIN members m ON m.id = e.member LEFT JOIN devices d ON d.id = e.device WHERE e.finding = $id ORDER BY e.sequence`,
    { id },
  )
  const proofs = Map.groupBy(proof, ({ name }) => name)
  return [...Map.groupBy(reached, ({ name }) => name)].map(([member, rows]) => ({
    member,
    targets: rows.flatMap(({ target, target_kind }) => (target === null ? [] : [addressText(target, target_kind)])),
    amount: Math.max(...rows.map(({ amount }) => amount)),
    evidence: Object.fromEntries(
      [...Map.groupBy(proofs.get(member) ?? [], ({ device }) => device)].map(([device, some]) => [
        device,
        some.map(({ sequence }) => sequence),
      ]),
    ),
  }))
}

const PSEUDONYM = 2

export function addressText(bytes: Uint8Array, kind: number): string {
  const buffer = Buffer.from(bytes)
  if (kind === PSEUDONYM) return pseudonymText(buffer)
  return formatAddress(
    Uint32Array.from({ length: 4 }, (_, word) => buffer.readUInt32BE(word * 4)),
    0,
  )
}
