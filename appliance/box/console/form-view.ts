// A form on the screen: one line a field, what is wrong below it, and below them all what the field is for.
import { checkCode } from './code-check.ts'
import type { Field } from './fields.ts'
import { CHOICE, changes, type Form, stops } from './form.ts'
import { type Body, bodyRows, columnWidth } from './frame.ts'
import { heading } from './overview-view.ts'
import { blank, type Line, type Size, span } from './screen.ts'
import { fit, harmless, wrap } from './text.ts'

const LABEL_WIDTH = 22
const FIELD_MAX = 56

const intro: Readonly<Record<Form['kind']['name'], string>> = {
  network: 'How this box is reached, and how it reaches central. Empty fields come from DHCP or keep their default.',
  enrol: 'Enrols this box with central. A code works once; to enrol this box again, ask for a new one.',
}
const choiceHelp = 'DHCP assigns an address; a static one is entered below. Press Space to switch.'

export function formBody(form: Form, size: Size): Body {
  const width = columnWidth(size)
  const fieldWidth = Math.max(8, Math.min(FIELD_MAX, width - LABEL_WIDTH - 1))
  const focused = stops(form)[form.focus]
  const lines: Line[] = [heading(form.kind.title, width), ...wrap(intro[form.kind.name], width).map(line => [span(line)]), blank]
  let cursor: Body['cursor']
  if (form.kind.hasChoice) {
    lines.push([label('IP configuration', focused === CHOICE), ...choice(form.isFixed, focused === CHOICE)], blank)
  }
  for (const field of form.kind.fields) {
    const hasFocus = field === focused
    const isOff = field.isFixedOnly && !form.isFixed
    const value = form.values[field.setting]
    // the part of a long value that the caret is in
    const from = hasFocus ? Math.max(0, form.caret - fieldWidth + 1) : 0
    if (hasFocus) cursor = { row: lines.length, column: LABEL_WIDTH + form.caret - from }
    const shown = value.slice(from, from + fieldWidth).padEnd(fieldWidth)
    lines.push(
      isOff
        ? [label(field.label, false), span('from DHCP', 'dim')]
        : [label(field.label, hasFocus), span(harmless(shown, fieldWidth), hasFocus ? 'focus' : 'field')],
      beside(form, field, hasFocus, width),
    )
  }
  for (const fault of form.faults[''] ?? []) lines.push(...wrap(harmless(fault), width, 2).map(line => [span(line, 'bad')]))
  return {
    lines: [...lines, ...help(focused, bodyRows(size) - lines.length, width)],
    keys: keysOf(form),
    ...(cursor === undefined ? {} : { cursor }),
  }
}

const label = (text: string, hasFocus: boolean) => span(text.padEnd(LABEL_WIDTH), hasFocus ? 'bright' : 'label')

function choice(isFixed: boolean, hasFocus: boolean): Line {
  const option = (text: string, isChosen: boolean) => [
    span(isChosen ? `(•) ${text}` : `( ) ${text}`, isChosen ? (hasFocus ? 'focus' : 'bright') : 'plain'),
    span('   '),
  ]
  return [...option('DHCP', !isFixed), ...option('static', isFixed)]
}

/** The line below a field: how the code stands while it is typed, or what is wrong once the field was left. */
function beside(form: Form, field: Field, hasFocus: boolean, width: number): Line {
  const indent = span(' '.repeat(LABEL_WIDTH))
  const room = width - LABEL_WIDTH
  const fault = form.faults[field.setting]?.[0]
  if (field.secret && hasFocus) {
    const { isGood, text } = checkCode(form.values[field.setting])
    if (text !== '') return [indent, span(fit(text, room), isGood ? 'good' : 'label')]
  }
  if (fault === undefined || !form.left.includes(field.setting) || (field.isFixedOnly && !form.isFixed)) return blank
  const sentence = fit(harmless(fault), width)
  // below the field if it fits there, else as far to the left as it takes
  return [span(' '.repeat(Math.min(LABEL_WIDTH, width - sentence.length))), span(sentence, 'bad')]
}

/** Below the fields, if there is room. */
function help(focused: Field | typeof CHOICE, room: number, width: number): Line[] {
  const texts = wrap(focused === CHOICE ? choiceHelp : focused.help, width, 2)
  return room <= texts.length ? [] : [blank, ...texts.map(text => [span(text)])]
}

const keysOf = (form: Form): Body['keys'] => [
  ['Tab', 'next field'],
  ['Enter', form.focus === stops(form).length - 1 ? 'continue' : 'next field'],
  ['Esc', 'cancel'],
]

export function summaryBody(form: Form, size: Size): Body {
  const width = columnWidth(size)
  const list = changes(form)
  const shown = (value: string, isSecret: boolean) =>
    isSecret && value !== '' ? 'entered; the check letter is correct' : harmless(value) || 'empty'
  const lines = list.flatMap(({ field, from, to }): Line[] => {
    const room = width - LABEL_WIDTH
    const after = wrap(shown(to, field.secret), room, 4).map((text, i) => [
      span(i === 0 ? field.label.padEnd(LABEL_WIDTH) : ' '.repeat(LABEL_WIDTH), 'label'),
      span(text, 'bright'),
    ])
    const before: Line = [span(' '.repeat(LABEL_WIDTH)), span(fit(`before: ${shown(from, field.secret)}`, room), 'plain')]
    return field.secret ? [...after, blank] : [...after, before, blank]
  })
  if (list.length === 0)
    return {
      lines: [heading(form.kind.title, width), [span('Nothing was changed.')]],
      keys: [
        ['Enter', 'back'],
        ['Esc', 'back to the form'],
      ],
    }
  return {
    lines: [heading('These settings will be changed', width), blank, ...lines, [span('Press Y to apply them.', 'bright')]],
    keys: [
      ['Y', 'apply'],
      ['Esc', 'back to the form'],
    ],
  }
}
