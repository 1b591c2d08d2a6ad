// A form: fields with what was typed into them, where typing goes, and what is wrong. Pure: a key and a form give a form.
import type { SettingFault } from '../../../agent/settings/parse.ts'
import { checkCode } from './code-check.ts'
import { enrolForm, type Field, type FormKind } from './fields.ts'
import type { Key } from './keys.ts'
import { type Values, valuesOf, withValues } from './settings-text.ts'

/** Every fault of a settings text, by the same schema that judges a file; line 0 if no line is to blame. */
export type CheckSettings = (text: string) => readonly SettingFault[]

export interface Form {
  readonly kind: FormKind
  /** The settings that held when the form was opened. */
  readonly before: string
  readonly isFixed: boolean
  readonly values: Values
  /** Index of the stop that has the focus: the choice, if there is one, then the fields that are asked for. */
  readonly focus: number
  /** Where in the value typing goes to. */
  readonly caret: number
  /** Settings that were left once: only their faults are shown, nobody is scolded while typing. */
  readonly left: readonly string[]
  /** Faults by setting; those of no field of this form under ''. */
  readonly faults: Readonly<Record<string, readonly string[]>>
}

export const CHOICE = 'choice'
export type Stop = Field | typeof CHOICE

/** What can have the focus, in order. */
export function stops(form: Pick<Form, 'kind' | 'isFixed'>): Stop[] {
  const fields = form.kind.fields.filter(field => form.isFixed || !field.isFixedOnly)
  return form.kind.hasChoice ? [CHOICE, ...fields] : fields
}

export function openForm(kind: FormKind, settings: string): Form {
  const held = valuesOf(settings)
  const values = Object.fromEntries(kind.fields.map(({ setting, secret }) => [setting, secret ? '' : (held[setting] ?? '')]))
  return {
    kind,
    before: settings,
    isFixed: (held['network.address'] ?? '') !== '',
    values,
    focus: 0,
    caret: kind.hasChoice ? 0 : (values[kind.fields[0].setting] ?? '').length,
    left: [],
    faults: {},
  }
}

/** What the form asks for, as values of settings; empty takes a setting away. */
function requestedValues(form: Form): Values {
  return Object.fromEntries(
    form.kind.fields.map(({ setting, isFixedOnly }) => [
      setting,
      isFixedOnly && form.kind.hasChoice && !form.isFixed ? '' : form.values[setting].trim(),
    ]),
  )
}

export const requestedText = (form: Form): string => withValues(form.before, requestedValues(form))

/** Whether there is anything to apply. */
export function changes(form: Form): { readonly field: Field; readonly from: string; readonly to: string }[] {
  const held = valuesOf(form.before)
  const requested = requestedValues(form)
  return form.kind.fields
    .map(field => ({ field, from: held[field.setting] ?? '', to: requested[field.setting] }))
    .filter(({ from, to }) => from !== to)
}

/** The form with all its faults found. */
export function judged(form: Form, check: CheckSettings): Form {
  const text = requestedText(form)
  const faults: Record<string, string[]> = {}
  const own = new Set(form.kind.fields.map(field => field.setting))
  const add = (setting: string, fault: string) => {
    const key = own.has(setting) ? setting : ''
    faults[key] = [...(faults[key] ?? []), fault]
  }
  for (const { setting, problem } of check(text)) {
    if (setting === 'enrolment.code') continue // said by letters, below
    add(setting, own.has(setting) || setting === '' ? problem : `${setting}: ${problem}`)
  }
  if (form.kind.hasChoice && form.isFixed && form.values['network.address'].trim() === '')
    add('network.address', 'enter an address, or choose DHCP')
  if (form.kind === enrolForm) {
    const { isGood, text: said } = checkCode(form.values['enrolment.code'])
    if (!isGood) add('enrolment.code', said === '' ? 'enter the code' : said)
  }
  return { ...form, faults }
}

export type FormStep =
  | { readonly kind: 'stay'; readonly form: Form }
  | { readonly kind: 'leave' }
  /** All fields are right. */
  | { readonly kind: 'ready'; readonly form: Form }

export function pressForm(form: Form, key: Key, check: CheckSettings): FormStep {
  const list = stops(form)
  const stop = list[form.focus]
  const stay = (next: Form): FormStep => ({ kind: 'stay', form: judged(next, check) })
  switch (key.kind) {
    case 'escape':
      return { kind: 'leave' }
    case 'enter':
      return form.focus === list.length - 1 ? submitted(form, check) : stay(moved(form, 1))
    case 'tab':
    case 'down':
      return stay(moved(form, 1))
    case 'backtab':
    case 'up':
      return stay(moved(form, -1))
    default:
      return stay(stop === CHOICE ? chosen(form, key) : { ...form, ...typed(form, stop, key) })
  }
}

function moved(form: Form, by: number): Form {
  const list = stops(form)
  const stop = list[form.focus]
  const focus = (form.focus + by + list.length) % list.length
  const left = stop === CHOICE || form.left.includes(stop.setting) ? form.left : [...form.left, stop.setting]
  return focusOn({ ...form, left }, focus)
}

function focusOn(form: Form, focus: number): Form {
  const stop = stops(form)[focus]
  return { ...form, focus, caret: stop === CHOICE ? 0 : form.values[stop.setting].length }
}

/** Space or an arrow changes the choice; D and S name it. */
function chosen(form: Form, key: Key): Form {
  const isToggled = key.kind === 'left' || key.kind === 'right' || (key.kind === 'text' && key.text === ' ')
  if (isToggled) return { ...form, isFixed: !form.isFixed }
  if (key.kind !== 'text') return form
  const letter = key.text.toLowerCase()
  return letter === 'd' || letter === 's' ? { ...form, isFixed: letter === 's' } : form
}

function typed(form: Form, field: Field, key: Key): Pick<Form, 'values' | 'caret'> {
  const value = form.values[field.setting]
  const { caret } = form
  const give = (next: string, at: number) => ({ values: { ...form.values, [field.setting]: next }, caret: at })
  switch (key.kind) {
    case 'text': {
      // addresses, names and codes are ASCII; anything else would only look right
      const isFit = key.text >= ' ' && key.text <= '~' && key.text.length === 1 && value.length < field.maxLength
      const glyph = field.secret ? key.text.toUpperCase() : key.text
      return isFit ? give(value.slice(0, caret) + glyph + value.slice(caret), caret + 1) : form
    }
    case 'backspace':
      return caret === 0 ? form : give(value.slice(0, caret - 1) + value.slice(caret), caret - 1)
    case 'delete':
      return give(value.slice(0, caret) + value.slice(caret + 1), caret)
    case 'left':
      return { values: form.values, caret: Math.max(0, caret - 1) }
    case 'right':
      return { values: form.values, caret: Math.min(value.length, caret + 1) }
    case 'home':
      return { values: form.values, caret: 0 }
    case 'end':
      return { values: form.values, caret: value.length }
    default:
      return form
  }
}

/** Ready, or the first wrong field with all faults shown. */
function submitted(form: Form, check: CheckSettings): FormStep {
  const whole = judged({ ...form, left: form.kind.fields.map(field => field.setting) }, check)
  const wrong = stops(whole).findIndex(stop => stop !== CHOICE && whole.faults[stop.setting] !== undefined)
  if (wrong < 0 && whole.faults[''] === undefined) return { kind: 'ready', form: whole }
  return { kind: 'stay', form: focusOn(whole, wrong < 0 ? whole.focus : wrong) }
}
