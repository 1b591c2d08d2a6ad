// What would be done with a message or a packet, and why: as text and as an object. Shared by `explain` and `replay`.
import { type EventRecord, toEcs } from '../event.ts'
import { rules, Verdict } from '../triage/rules.ts'

export interface Explanation {
  /** The product; null if no recogniser claimed it. */
  readonly recogniser: string | null
  readonly verdict: 'send' | 'drop' | 'ignore' | 'unreadable'
  readonly reason: string
  readonly event: Record<string, string | number> | null
}

/** Of an event about which the rule with this index decided. */
export function explainEvent(recogniser: string | null, ruleIndex: number, event: EventRecord): Explanation {
  const rule = rules[ruleIndex]
  const verdict = rule.verdict === Verdict.send ? 'send' : 'drop'
  return { recogniser, verdict, reason: `${rule.name}: ${rule.phrase}`, event: toEcs(event) }
}

export function explanationText({ recogniser, verdict, reason, event }: Explanation): string {
  const fields = Object.entries(event ?? {}).map(([name, value]) => `${name}=${value}`)
  return `${verdict.padEnd(10)} ${(recogniser ?? '-').padEnd(11)} ${reason}${fields.length > 0 ? `\n           ${fields.join(' ')}` : ''}`
}
