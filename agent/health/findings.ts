// From outcomes of checks to what a person reads: `status`, console and diagnostics show findings and nothing else of it.
import { type FailureCode, type Fault, fault } from '../errors.ts'
import type { Outcomes } from './checks/index.ts'
import type { Outcome } from './checks/outcome.ts'
import { type CheckName, type CheckWords, checkNames, checkWords } from './report/words.ts'
import type { CheckStatus, Finding, Severity } from './status-schema.ts'

export const finding = (severity: Severity, { code, detail, advice }: Fault, sinceMs?: number): Finding => ({
  code,
  severity,
  detail,
  advice,
  ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
})

/** Never more than a warning, whatever else is wrong with the same check. */
const minor: ReadonlySet<string> = new Set<FailureCode>(['native-missing', 'file-restored'])

/** The most important first: what keeps everything else from working stands at the top of the table. */
export const findingsOf = (outcomes: Outcomes): Finding[] => checkNames.flatMap(name => findingsOfOne(name, outcomes[name]))

/** The sentence that central says too, and behind it what only this box knows. */
function findingsOfOne(name: CheckName, { level, value, local = [], notes = [], sinceMs }: Outcome): Finding[] {
  const noted = notes.map(note => finding('information', note))
  if (level !== 'warn' && level !== 'bad') return noted
  const severityOf = ({ code }: Fault): Severity => (level === 'bad' && !minor.has(code) ? 'problem' : 'warning')
  const words: CheckWords = checkWords[name]
  const text = words.says(value, level)
  const known = local.length > 0 ? local.map(one => ({ ...one, detail: `${text}: ${one.detail}` })) : [fault(words.code, text)]
  return [...known.map(one => finding(severityOf(one), one, sinceMs)), ...noted]
}

/** Every check with its level and number, for programs. */
export const checkStatusOf = (outcomes: Outcomes): CheckStatus[] =>
  checkNames.map(name => ({ check: name, level: outcomes[name].level, value: outcomes[name].value ?? null }))
