// Findings for the operator: what was found, how sure it is, and what to do.
import { visible } from '../../agent/lib/visible.ts'
import { type RuleKey, rules } from '../correlation/rules.ts'
import { aimTexts } from '../findings/judge.ts'
import type { Finding, FindingMember } from '../findings/list.ts'

/** Members and addresses of a finding that are named; the JSON has all. */
const NAMED = 5

const isRule = (name: string): name is RuleKey => Object.hasOwn(rules, name)

export function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing has been found yet.'
  return findings.map(findingText).join('\n\n')
}

function findingText(finding: Finding): string {
  const { id, rule, source, firstAt, lastAt, techniques, confidence, grade, handshake, consequence, aim, amount, members } = finding
  if (!isRule(rule)) return `${id}  ${visible(rule)}: a rule of another release`
  const { title, unit, advice } = rules[rule]
  const proof = handshake ? 'with a handshake' : 'without a handshake: the source may be forged'
  return [
    `${id}  ${title}  from ${source}  ${firstAt} to ${lastAt}`,
    `    ${amount} ${unit} at ${members.length} ${members.length === 1 ? 'member' : 'members'}; ATT&CK ${techniques.join(', ')}; ${aimTexts[aim]}`,
    `    grade ${grade}, confidence ${confidence} %, ${proof}${consequence ? '' : '; not enough to act against the source'}`,
    ...members.slice(0, NAMED).map(memberText),
    ...(members.length > NAMED ? [`    and ${members.length - NAMED} more members`] : []),
    `    ${advice}`,
  ].join('\n')
}

function memberText({ member, targets, amount, evidence }: FindingMember): string {
  const where =
    targets.length === 0
      ? ''
      : ` at ${targets.slice(0, NAMED).join(', ')}${targets.length > NAMED ? ` and ${targets.length - NAMED} more` : ''}`
  const proof = Object.entries(evidence).map(([device, numbers]) => `${device} ${numbers.slice(0, NAMED).join(', ')}`)
  return `    ${visible(member)}: ${amount}${where}; batches ${proof.length === 0 ? 'no longer stored' : proof.join('; ')}`
}
