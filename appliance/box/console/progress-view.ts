// Pages that wait for another program: what became of settings, and the diagnostics on their way to a stick.
import { bytesText } from '../../../agent/lib/table.ts'
import type { DiagnosticsReport } from '../diagnostics/diagnostics-report.ts'
import { boxAdvice } from './box-advice.ts'
import { type Facts, isEnrolled } from './facts.ts'
import type { Page } from './flow.ts'
import { type Body, columnWidth } from './frame.ts'
import { heading } from './overview-view.ts'
import { type Line, type Size, type Style, span } from './screen.ts'
import { harmless, wrap } from './text.ts'

/** Then it is said that they were not applied. */
const SETTINGS_LATE_MS = 30_000
/** Then it is said that nobody answers who was asked to use a stick. */
const STICK_LATE_MS = 90_000

export interface Progress {
  readonly style: Style
  readonly text: string
  readonly more?: readonly string[]
  readonly isOver: boolean
}

/** What became of the settings that were put. */
export function outcome(page: Page & { kind: 'outcome' }, facts: Facts): Progress[] {
  if (page.fault !== '') return [{ style: 'bad', text: 'The settings were not changed.', more: [page.fault], isOver: true }]
  const report = facts.settings
  if (facts.isRequested || report === undefined || report.at === page.before) {
    const isLate = facts.now - page.since > SETTINGS_LATE_MS
    return isLate
      ? [
          {
            style: 'warn',
            text: 'The settings have not been applied yet.',
            more: ['Wait, or restart this box: they are applied at its next start.'],
            isOver: true,
          },
        ]
      : [{ style: 'warn', text: 'Applying the settings ...', isOver: false }]
  }
  const source = report.sources.find(one => one.name === 'console')
  if (source?.state === 'refused')
    return [
      {
        style: 'bad',
        text: 'The settings were refused; the previous ones stay in use.',
        more: source.faults.map(({ text }) => text),
        isOver: true,
      },
    ]
  const applied: Progress = { style: 'good', text: 'The settings are in use.', isOver: page.name === 'network' }
  return page.name === 'network' ? [applied] : [applied, enrolling(page, facts)]
}

function enrolling(page: Page & { kind: 'outcome' }, facts: Facts): Progress {
  const report = facts.enrolment
  if (report === undefined || report.at === page.enrolmentBefore || report.state === 'no-code')
    return { style: 'warn', text: 'Asking central to enrol this box ...', isOver: false }
  const more = report.failure === undefined ? [] : [report.failure.detail, boxAdvice(report.failure.code, report.failure.advice)]
  switch (report.state) {
    case 'trying':
      return { style: 'warn', text: 'Asking central to enrol this box ...', more, isOver: false }
    case 'refused':
      return { style: 'bad', text: 'Central refused to enrol this box.', more, isOver: true }
    case 'enrolled':
      return {
        style: 'good',
        text: 'This box is enrolled.',
        more: isEnrolled(facts) === true ? ['It sends to central from now on.'] : [],
        isOver: true,
      }
  }
}

interface StickReport {
  readonly at: string
  readonly text?: string | undefined
  readonly failure?: Readonly<Record<'detail' | 'advice', string>> | undefined
}

/** How far a program is that uses a USB stick; `said` shows its answer to this request, once there is one. */
export function stickProgress<Report extends StickReport>(
  page: { readonly before: string | undefined; readonly since: number },
  now: number,
  report: Report | undefined,
  said: (report: Report, more: readonly string[]) => Progress,
): Progress {
  if (report === undefined || report.at === page.before)
    return now - page.since > STICK_LATE_MS
      ? { style: 'warn', text: 'No answer.', more: ['Restart this box and try again.'], isOver: true }
      : { style: 'warn', text: 'Starting ...', isOver: false }
  return said(
    report,
    [report.text ?? '', report.failure?.detail ?? '', report.failure?.advice ?? ''].filter(text => text !== ''),
  )
}

export const waitsForStick = (more: readonly string[]): Progress => ({
  style: 'warn',
  text: 'Plug in a USB stick (FAT32) now.',
  more,
  isOver: false,
})

/** Where the diagnostics are. */
function diagnosticsProgress(page: Page & { kind: 'diagnostics' }, facts: Facts): Progress {
  if (page.fault !== '') return { style: 'bad', text: 'The diagnostics could not be started.', more: [page.fault], isOver: true }
  return stickProgress(page, facts.now, facts.diagnostics, saidOfDiagnostics)
}

function saidOfDiagnostics(report: DiagnosticsReport, more: readonly string[]): Progress {
  switch (report.state) {
    case 'waiting':
      return waitsForStick(more)
    case 'writing':
      return { style: 'warn', text: 'Writing. Do not remove the stick.', more, isOver: false }
    case 'verifying':
      return { style: 'warn', text: 'Verifying. Do not remove the stick.', more, isOver: false }
    case 'done':
      return {
        style: 'good',
        text: 'Done. You can remove the stick.',
        more: [`${report.file ?? ''}, ${bytesText(report.bytes ?? 0)}`, ...more],
        isOver: true,
      }
    case 'failed':
      return { style: 'bad', text: 'The diagnostics could not be written.', more, isOver: true }
  }
}

export function progressLines(progress: Progress, width: number): Line[] {
  const more = (progress.more ?? []).flatMap(text => wrap(harmless(text), width - 2, 4))
  return [
    [span('■ ', progress.style), span(progress.text, progress.style === 'good' ? 'bright' : progress.style)],
    ...more.map(text => [span(`  ${text}`)]),
  ]
}

const back: Body['keys'] = [['Enter', 'back to the overview']]

export function outcomeBody(page: Page & { kind: 'outcome' }, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const lines = outcome(page, facts).flatMap(one => [...progressLines(one, width), []])
  return { lines: [heading(page.name === 'network' ? 'Network' : 'Enrolment', width), [], ...lines], keys: back }
}

const what =
  'Writes one file for the helpdesk: versions, state of the services, counters, and the last lines of the log of this box. IP addresses are replaced by numbers. Nothing that your firewalls sent is in it.'

export function diagnosticsBody(page: Page & { kind: 'diagnostics' }, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const head: Line[] = [heading('Diagnostics to USB', width), ...wrap(what, width).map(line => [span(line)]), []]
  if (!page.isAsked)
    return {
      lines: [...head, [span('Have a USB stick (FAT32) ready, then press Enter.', 'bright')]],
      keys: [
        ['Enter', 'write'],
        ['Esc', 'cancel'],
      ],
    }
  return { lines: [...head, ...progressLines(diagnosticsProgress(page, facts), width)], keys: back }
}
