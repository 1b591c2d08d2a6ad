// Which page is shown, and where a key leads: a table of pages, one function each. Pure; what has to be done outside comes back
// as an effect. There is no key that leads anywhere but to a page of this table.
import type { Facts } from './facts.ts'
import { isEnrolled } from './facts.ts'
import { enrolForm, type FormKind, networkForm } from './fields.ts'
import { type CheckSettings, changes, type Form, judged, openForm, pressForm, requestedText } from './form.ts'
import type { Key } from './keys.ts'

export type Page =
  | { readonly kind: 'overview'; readonly top: number }
  | { readonly kind: 'form'; readonly form: Form }
  | { readonly kind: 'summary'; readonly form: Form; readonly since: number }
  /** `before`: the time of the report that was there when the settings were put. */
  | {
      readonly kind: 'outcome'
      readonly name: FormKind['name']
      readonly before: string
      readonly enrolmentBefore: string
      readonly since: number
      readonly fault: string
    }
  /** `asked`: nothing yet, a look at central, or a file on a stick. */
  | {
      readonly kind: 'update'
      readonly asked: '' | 'update' | 'update-usb'
      readonly before: string
      readonly since: number
      readonly fault: string
    }
  | { readonly kind: 'diagnostics'; readonly isAsked: boolean; readonly before: string; readonly since: number; readonly fault: string }

export type Effect =
  | { readonly kind: 'put-settings'; readonly text: string }
  | { readonly kind: 'ask'; readonly what: 'diagnostics' | 'update' | 'update-usb' }

export interface Step {
  readonly page: Page
  readonly effect?: Effect
}

/** A key that comes sooner after a question was not an answer to it: it belongs to a paste, or to a cat on the keyboard. */
const ANSWER_AFTER_MS = 500
/** A page that nobody answers goes away, and with it what was typed. */
const LEFT_ALONE_MS = 300_000

/** A form that began empty would throw away what it could not read. */
const UNREADABLE =
  'The current settings cannot be read, so they cannot be changed here. Restart this box. If this persists, call the helpdesk.'

const DATA_LOST =
  'The data partition cannot be mounted, so settings would be lost at the next restart. Restart this box. If this persists, replace its disk.'

export const overview: Page = { kind: 'overview', top: 0 }

/** The page that is shown when nobody has pressed a key for so long. */
export const afterIdle = (page: Page, idleMs: number): Page => (idleMs > LEFT_ALONE_MS ? overview : page)

const isLetter = (key: Key, letter: string): boolean => key.kind === 'text' && key.text.toLowerCase() === letter

/** The list of the overview: how many lines are seen at a time, and which one is the last that can stand at its top. */
export interface ListSize {
  readonly rows: number
  readonly lastTop: number
}

export function press(page: Page, key: Key, facts: Facts, check: CheckSettings, list: ListSize): Step {
  switch (page.kind) {
    case 'overview':
      return pressOverview(page, key, facts, check, list)
    case 'form': {
      const step = pressForm(page.form, key, check)
      if (step.kind === 'leave') return { page: overview }
      return { page: step.kind === 'stay' ? { kind: 'form', form: step.form } : { kind: 'summary', form: step.form, since: facts.now } }
    }
    case 'summary':
      return pressSummary(page, key, facts)
    case 'outcome':
      return { page: key.kind === 'enter' || key.kind === 'escape' ? overview : page }
    case 'diagnostics':
      return pressDiagnostics(page, key, facts)
    case 'update':
      return pressUpdate(page, key, facts)
  }
}

function pressOverview(page: Page & { kind: 'overview' }, key: Key, facts: Facts, check: CheckSettings, list: ListSize): Step {
  const open = (kind: FormKind): Step => {
    const fault = facts.member === undefined ? UNREADABLE : facts.settings?.isDataLost === true ? DATA_LOST : ''
    return fault === ''
      ? { page: { kind: 'form', form: judged(openForm(kind, facts.member ?? ''), check) } }
      : { page: { kind: 'outcome', name: kind.name, before: '', enrolmentBefore: '', since: facts.now, fault } }
  }
  if (isLetter(key, 'n')) return open(networkForm)
  if (isLetter(key, 'e') || (key.kind === 'enter' && isEnrolled(facts) === false)) return open(enrolForm)
  if (isLetter(key, 'd')) return { page: { kind: 'diagnostics', isAsked: false, before: '', since: facts.now, fault: '' } }
  if (isLetter(key, 'u')) return { page: { kind: 'update', asked: '', before: '', since: facts.now, fault: '' } }
  const by: Partial<Record<Key['kind'], number>> = {
    up: -1,
    down: 1,
    'page-up': 1 - list.rows,
    'page-down': list.rows - 1,
    home: -list.lastTop,
    end: list.lastTop,
  }
  const top = Math.min(page.top, list.lastTop) + (by[key.kind] ?? 0)
  return { page: { kind: 'overview', top: Math.max(0, Math.min(top, list.lastTop)) } }
}

function pressSummary(page: Page & { kind: 'summary' }, key: Key, facts: Facts): Step {
  const { form } = page
  if (key.kind === 'escape') return { page: { kind: 'form', form } }
  if (changes(form).length === 0) return { page: key.kind === 'enter' ? overview : page }
  if (!isLetter(key, 'y') || facts.now - page.since < ANSWER_AFTER_MS) return { page }
  return {
    page: {
      kind: 'outcome',
      name: form.kind.name,
      before: facts.settings?.at ?? '',
      enrolmentBefore: facts.enrolment?.at ?? '',
      since: facts.now,
      fault: '',
    },
    effect: { kind: 'put-settings', text: requestedText(form) },
  }
}

function pressDiagnostics(page: Page & { kind: 'diagnostics' }, key: Key, facts: Facts): Step {
  if (key.kind === 'escape' || (page.isAsked && key.kind === 'enter')) return { page: overview }
  if (page.isAsked || key.kind !== 'enter' || facts.now - page.since < ANSWER_AFTER_MS) return { page }
  return {
    page: { ...page, isAsked: true, before: facts.diagnostics?.at ?? '', since: facts.now },
    effect: { kind: 'ask', what: 'diagnostics' },
  }
}

function pressUpdate(page: Page & { kind: 'update' }, key: Key, facts: Facts): Step {
  if (key.kind === 'escape' || (page.asked !== '' && key.kind === 'enter')) return { page: overview }
  const what = key.kind === 'enter' ? 'update' : isLetter(key, 's') ? 'update-usb' : undefined
  if (page.asked !== '' || what === undefined || facts.now - page.since < ANSWER_AFTER_MS) return { page }
  return {
    page: { ...page, asked: what, before: facts.updateUsb?.at ?? '', since: facts.now },
    effect: { kind: 'ask', what },
  }
}
