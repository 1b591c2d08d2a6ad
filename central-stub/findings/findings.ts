// Stores findings. The same activity seen again makes the finding longer, never a second one; storing a sighting twice changes nothing.
import * as z from 'zod'
import { type Aim, aimOf, judge, type Letter, letters } from './judge.ts'

/** What is needed of the register. */
export interface Transaction {
  read<T>(shape: z.ZodType<T>, sql: string, values?: Record<string, Value>): T[]
  run(sql: string, values?: Record<string, Value>): void
}
export interface Register {
  transact<T>(work: (transaction: Transaction) => T): T
}
type Value = null | number | bigint | string | Uint8Array

/** What a rule saw of one source at one member. Times in seconds since 1970. */
export interface Sighting {
  readonly rule: string
  readonly technique: string
  /** 128 bits, and the kind of address: 0 IPv4, 1 IPv6, 2 pseudonym. */
  readonly source: bigint
  readonly sourceKind: number
  readonly detail: number
  readonly member: number
  readonly target: bigint | null
  readonly targetKind: number
  readonly first: number
  readonly last: number
  /** What the rule counts, of all members and of this one. */
  readonly total: number
  readonly amount: number
  readonly isProven: boolean
  readonly isAllowed: boolean
  readonly isAttempt: boolean
  readonly letter: Letter
  /** Where the member was reached: the first 16 bits of an IPv4 address, 32 of an IPv6 address. */
  readonly network: string | null
  readonly batches: readonly { readonly device: number; readonly sequence: number }[]
  /** Members that saw the source in seven days. */
  readonly reach: number
}

/** Activity after such a pause is a new finding. */
const PAUSE_MS = 86_400_000
/** Batches that are named for one member of a finding. */
const EVIDENCE_MAX = 64

export const bytesOf = (address: bigint): Uint8Array => Buffer.from(address.toString(16).padStart(32, '0'), 'hex')

/** Detections and connections that got in are findings of their own for each signature and port; the detail of others is an example. */
const isApart = ({ rule }: Sighting): boolean => ['exploit', 'detected-inside', 'got-in'].includes(rule)

const openSchema = z.object({ id: z.number() })
const sumSchema = z.object({ members: z.number(), networks: z.number(), best: z.number(), most: z.number() })
const nowSchema = z.object({ proven: z.number(), allowed: z.number(), amount: z.number(), aim: z.string() })

/** In one transaction; gives how many of the findings are new. `heard` is the number of members that sent anything in seven days. */
export function recordFindings(register: Register, sightings: readonly Sighting[], heard: number, now: number): number {
  return register.transact(transaction => {
    const groups = Map.groupBy(sightings, one => `${one.rule} ${one.source} ${isApart(one) ? one.detail : ''}`)
    let fresh = 0
    for (const group of groups.values()) if (recordOne(transaction, group, heard, now)) fresh++
    return fresh
  })
}

function recordOne(transaction: Transaction, group: readonly Sighting[], heard: number, now: number): boolean {
  const [{ rule, sourceKind, detail, technique, isAttempt }] = group
  const source = bytesOf(group[0].source)
  const first = Math.min(...group.map(one => one.first)) * 1000
  const last = Math.max(...group.map(one => one.last)) * 1000
  const [open] = transaction.read(
    openSchema,
    `SELECT id FROM findings WHERE rule = $rule AND source = $source AND ($apart = 0 OR detail = $detail) AND last_at >= $from AND first_at <= $to
      ORDER BY last_at DESC LIMIT 1`,
    { rule, source, detail, apart: Number(isApart(group[0])), from: first - PAUSE_MS, to: last + PAUSE_MS },
  )
  const id =
    open?.id ??
    transaction.read(
      openSchema,
      `INSERT INTO findings (rule, source, source_kind, detail, first_at, last_at, found_at, updated_at, technique, confidence, grade, handshake, consequence, aim, amount, proven, allowed)
       VALUES ($rule, $source, $sourceKind, $detail, $first, $last, $now, $now, $technique, 0, '', 0, 0, '', 0, 0, 0) RETURNING id`,
      { rule, source, sourceKind, detail, first, last, now, technique },
    )[0].id
  for (const one of group) recordMember(transaction, id, one)
  const values = {
    id,
    first,
    last,
    now,
    amount: Math.max(...group.map(one => one.total)),
    proven: Number(group.some(one => one.isProven)),
    allowed: Number(group.some(one => one.isAllowed)),
  }
  transaction.run(
    `UPDATE findings SET first_at = min(first_at, $first), last_at = max(last_at, $last), updated_at = $now, amount = max(amount, $amount),
      proven = max(proven, $proven), allowed = max(allowed, $allowed) WHERE id = $id`,
    values,
  )
  judgeAgain(transaction, id, { reach: Math.max(...group.map(one => one.reach)), heard, isAttempt })
  return open === undefined
}

function recordMember(transaction: Transaction, finding: number, one: Sighting): void {
  const { member, amount, letter, network } = one
  const target = one.target === null ? null : bytesOf(one.target)
  transaction.run(
    `INSERT INTO finding_members (finding, member, target, target_kind, first_at, last_at, amount, letter, network)
      VALUES ($finding, $member, $target, $targetKind, $first, $last, $amount, $letter, $network)
      ON CONFLICT (finding, member, coalesce(target, x'')) DO UPDATE SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
        amount = max(amount, excluded.amount), letter = min(letter, excluded.letter), network = coalesce(network, excluded.network)`,
    { finding, member, target, targetKind: one.targetKind, first: one.first * 1000, last: one.last * 1000, amount, letter, network },
  )
  for (const { device, sequence } of one.batches)
    transaction.run(
      `INSERT OR IGNORE INTO finding_evidence (finding, member, device, sequence) SELECT $finding, $member, $device, $sequence
        WHERE (SELECT count(*) FROM finding_evidence WHERE finding = $finding AND member = $member) < ${EVIDENCE_MAX}`,
      { finding, member, device, sequence },
    )
}

/** The judgement follows from all that the finding holds by now. */
function judgeAgain(
  transaction: Transaction,
  id: number,
  { reach, heard, isAttempt }: { reach: number; heard: number; isAttempt: boolean },
): void {
  // a member without a known target stands for a network of its own
  const [sums] = transaction.read(
    sumSchema,
    `SELECT count(DISTINCT member) AS members, count(DISTINCT coalesce(network, 'member ' || member)) AS networks,
      min(instr('${letters.join('')}', letter)) AS best, max(amount) AS most FROM finding_members WHERE finding = $id`,
    { id },
  )
  const [state] = transaction.read(nowSchema, 'SELECT proven, allowed, amount, aim FROM findings WHERE id = $id', { id })
  const { grade, confidence, handshake, consequence } = judge({
    letter: letters[sums.best - 1] ?? 'F',
    members: sums.members,
    networks: sums.networks,
    isProven: state.proven === 1,
    isAllowed: state.allowed === 1,
  })
  const members = Math.max(reach, sums.members)
  const aim: Aim = state.aim === 'noise' ? 'noise' : aimOf({ members, heard, amount: sums.most, isAttempt })
  transaction.run(
    'UPDATE findings SET grade = $grade, confidence = $confidence, handshake = $handshake, consequence = $consequence, aim = $aim WHERE id = $id',
    { id, grade, confidence, handshake: Number(handshake), consequence: Number(consequence), aim },
  )
}
