// Which source's text holds from now on. Pure. Two texts are the same when they set the same: comments, order and the code
// that was wiped meanwhile do not count, so that neither an editor nor our own wiping makes a text a new one.
import { createHash } from 'node:crypto'
import { unreachable } from '../../../agent/errors.ts'
import { withoutSecrets } from '../../../agent/lib/redact.ts'
import type { SettingFault } from '../../../agent/settings/parse.ts'
import { formatStated, type ParsedMember, readMember, saysNothing } from './box-settings.ts'
import { type Reading, type SourceName, type SourceText, sourceFault } from './sources/source.ts'

/** What a source last held. Hashes only; a code has 80 random bits, so its hash does not give it away. */
export interface Seen {
  readonly settings: string
  readonly code: string
  /** The box took this code up: what is left of it there is to be wiped. */
  readonly taken: boolean
}
export type Applied = Readonly<Partial<Record<SourceName, Seen>>>

export type SourceState = 'used' | 'unchanged' | 'empty' | 'absent' | 'refused'

export interface SourceReport {
  readonly name: SourceName
  readonly state: SourceState
  /** Never with a secret. */
  readonly faults: readonly SettingFault[]
}

export interface Choice {
  readonly reports: readonly SourceReport[]
  /** Settings to keep from now on; undefined: those from before. */
  readonly settings: ParsedMember | undefined
  /** A fresh code, or ''. */
  readonly code: string
  readonly applied: Applied
  /** Texts that hold a code which the box has now, or had before. */
  readonly wipe: readonly SourceText[]
}

interface Examined {
  readonly name: SourceName
  readonly state: SourceState | 'changed'
  readonly faults: readonly SettingFault[]
  readonly from?: SourceText
  readonly parsed?: ParsedMember
  readonly seen?: Seen
}

const hashOf = (text: string): string => (text === '' ? '' : createHash('sha256').update(text).digest('hex'))

const tellable = (fault: SettingFault): SettingFault => ({
  ...fault,
  problem: withoutSecrets(fault.problem),
  text: withoutSecrets(fault.text),
})

function examine(name: SourceName, reading: Reading, before: Seen | undefined): Examined {
  switch (reading.kind) {
    case 'absent':
    case 'empty':
      return { name, state: reading.kind, faults: [] }
    case 'fault':
      return { name, state: 'refused', faults: reading.faults.map(tellable) }
    case 'text': {
      const parsed = readMember(reading.text, reading.file)
      if (parsed.faults.length > 0) return { name, state: 'refused', faults: parsed.faults.map(tellable) }
      const found = { name, faults: [], from: reading, parsed }
      if (saysNothing(parsed)) return { ...found, state: 'empty' }
      const seen = { settings: hashOf(formatStated(parsed.stated)), code: hashOf(parsed.values['enrolment.code']), taken: false }
      const isSame = before?.settings === seen.settings && (seen.code === '' || seen.code === before.code)
      return { ...found, seen: isSame ? before : seen, state: isSame ? 'unchanged' : 'changed' }
    }
    default:
      return unreachable(reading)
  }
}

/** `readings` come in order of precedence. */
export function choose(readings: readonly { readonly name: SourceName; readonly reading: Reading }[], applied: Applied): Choice {
  // the console makes requests: none is found again at each boot, and the same one twice is carried out twice
  const examined = readings.map(({ name, reading }) => examine(name, reading, name === 'console' ? undefined : applied[name]))
  const changed = examined.filter(one => one.state === 'changed')
  const winner = changed[0]
  // a code is a thing of its own: it counts even where the settings beside it come second
  const coded = changed.find(one => one.parsed?.values['enrolment.code'] !== '')
  const holdsCode = ({ parsed }: Examined) => (parsed?.stated.get('enrolment.code')?.value ?? '') !== ''
  const reports = examined.map(({ name, state, faults }): SourceReport => {
    if (state !== 'changed') return { name, state, faults }
    if (name === winner.name) return { name, state: 'used', faults }
    return {
      name,
      state: 'unchanged',
      faults: [sourceFault(`${name}: changed at the same time as ${winner.name}, which takes precedence`)],
    }
  })
  return {
    reports,
    settings: winner?.parsed,
    code: coded?.parsed?.values['enrolment.code'] ?? '',
    applied: {
      ...applied,
      ...Object.fromEntries(changed.filter(one => one.name !== 'console').map(one => [one.name, { ...one.seen, taken: one === coded }])),
    },
    wipe: examined
      .filter(one => holdsCode(one) && (one === coded || one.state === 'empty' || (one.state === 'unchanged' && one.seen?.taken === true)))
      .flatMap(({ from }) => from ?? []),
  }
}
