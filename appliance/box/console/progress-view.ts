// Pages that wait for another program: what became of settings, and the diagnostics on their way to a stick.
import { bytesText } from '../../../agent/lib/table.ts'
import { type Facts, isEnrolled } from './facts.ts'
import type { Page } from './flow.ts'
import { type Body, columnWidth } from './frame.ts'
import { heading } from './overview-view.ts'
import { type Line, type Size, type Style, span } from './screen.ts'
import { harmless, wrap } from './text.ts'

/** Then it is said that nobody took them up. */
const SETTINGS_LATE_MS = 30_000
const DIAGNOSTICS_LATE_MS = 90_000

interface Said {
  readonly style: Style
  readonly text: string
  readonly more?: readonly string[]
  readonly isOver: boolean
}

/** What became of the settings that were put. */
export function outcome(page: Page & { kind: 'outcome' }, facts: Facts): Said[] {
  if (page.fault !== '') return [{ style: 'bad', text: 'The settings stay as they are.', more: [page.fault], isOver: true }]
  const report = facts.settings
  if (facts.isRequested || report === undefined || report.at === page.before) {
    const isLate = facts.now - page.since > SETTINGS_LATE_MS
    return isLate
      ? [
          {
            style: 'warn',
            text: 'Nobody has taken the settings up yet.',
            more: ['Wait, or restart this box: they are kept and taken up at its start.'],
            isOver: true,
          },
        ]
      : [{ style: 'warn', text: 'Applying the settings ...', isOver: false }]
  }
  const carrier = report.carriers.find(one => one.name.includes('console'))
  if (carrier?.state === 'refused')
    return [{ style: 'bad', text: 'The settings were refused; those from before stay.', more: carrier.faults, isOver: true }]
  const applied: Said = { style: 'good', text: 'The settings are in use.', isOver: page.name === 'network' }
  return page.name === 'network' ? [applied] : [applied, enrolling(page, facts)]
}

function enrolling(page: Page & { kind: 'outcome' }, facts: Facts): Said {
  const report = facts.enrolment
  if (report === undefined || report.at === page.enrolmentBefore || report.state === 'no-code')
    return { style: 'warn', text: 'Asking central to enrol this box ...', isOver: false }
  const more = [report.text ?? '', report.advice ?? ''].filter(text => text !== '')
  switch (report.state) {
    case 'trying':
      return { style: 'warn', text: 'Asking central to enrol this box ...', more, isOver: false }
    case 'refused':
      return { style: 'bad', text: 'Central did not enrol this box.', more, isOver: true }
    case 'enrolled':
      return {
        style: 'good',
        text: 'This box is enrolled.',
        more: isEnrolled(facts) === true ? ['The agent sends from now on.'] : [],
        isOver: true,
      }
  }
}

/** Where the diagnostics are. */
export function diagnosticsProgress(page: Page & { kind: 'diagnostics' }, facts: Facts): Said {
  if (page.fault !== '') return { style: 'bad', text: 'The diagnostics could not be asked for.', more: [page.fault], isOver: true }
  const report = facts.diagnostics
  if (report === undefined || report.at === page.before)
    return facts.now - page.since > DIAGNOSTICS_LATE_MS
      ? { style: 'warn', text: 'Nobody answers.', more: ['Restart this box and try again.'], isOver: true }
      : { style: 'warn', text: 'Starting ...', isOver: false }
  const more = [report.text ?? '', report.advice ?? ''].filter(text => text !== '')
  switch (report.state) {
    case 'waiting':
      return { style: 'warn', text: 'Plug in a USB stick (FAT) now.', more, isOver: false }
    case 'writing':
      return { style: 'warn', text: 'Writing. Leave the stick where it is.', more, isOver: false }
    case 'verifying':
      return { style: 'warn', text: 'Reading back what was written. Leave the stick where it is.', more, isOver: false }
    case 'done':
      return {
        style: 'good',
        text: 'Done. The stick can be taken out.',
        more: [`${report.file ?? ''}, ${bytesText(report.bytes ?? 0)}`, ...more],
        isOver: true,
      }
    case 'failed':
      return { style: 'bad', text: 'The diagnostics could not be written.', more, isOver: true }
  }
}

function saidLines(said: Said, width: number): Line[] {
  const more = (said.more ?? []).flatMap(text => wrap(harmless(text), width - 2, 4))
  return [
    [span('■ ', said.style), span(said.text, said.style === 'good' ? 'bright' : said.style)],
    ...more.map(text => [span(`  ${text}`)]),
  ]
}

const back: Body['keys'] = [['Enter', 'back to the overview']]

export function outcomeBody(page: Page & { kind: 'outcome' }, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const lines = outcome(page, facts).flatMap(said => [...saidLines(said, width), []])
  return { lines: [heading(page.name === 'network' ? 'Network' : 'Enrolment', width), [], ...lines], keys: back }
}

const what =
  'One file for the helpdesk: versions, how the programs of this box are, counts, and the last lines of its own log. Addresses are replaced by numbers; nothing of what your firewalls sent is in it.'

export function diagnosticsBody(page: Page & { kind: 'diagnostics' }, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const head: Line[] = [heading('Diagnostics to USB', width), ...wrap(what, width).map(line => [span(line)]), []]
  if (!page.isAsked)
    return {
      lines: [...head, [span('Have a USB stick at hand, then press Enter.', 'bright')]],
      keys: [
        ['Enter', 'write'],
        ['Esc', 'leave'],
      ],
    }
  return { lines: [...head, ...saidLines(diagnosticsProgress(page, facts), width)], keys: back }
}
