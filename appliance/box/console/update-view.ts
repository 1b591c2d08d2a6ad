// The page of updates: what this box runs and is offered, and what became of what a person asked for here.
import type { UpdateReport } from '../updates/update-report.ts'
import type { Facts } from './facts.ts'
import type { Page } from './flow.ts'
import { type Body, columnWidth } from './frame.ts'
import { heading } from './overview-view.ts'
import { type Progress, progressLines, stickProgress, waitsForStick } from './progress-view.ts'
import { type Line, type Size, span } from './screen.ts'
import { harmless, wrap } from './text.ts'

const what =
  'New releases of CyberAlarm come by themselves, signed by the makers, in the order in which boxes get them. Here you can ask for one now: from central, or from a file on a USB stick (FAT32) called cyberalarm-update.tar, which the helpdesk gives you. It can be used for three days.'

/** As the agent tells it: the same words as in `cyberalarm status`. */
function known({ agent }: Facts): string[] {
  if (agent.kind === 'silent') return [`Not known: ${agent.text}.`]
  const { update } = agent.status
  if (update === null) return ['This box has not yet asked what it is offered.']
  return [
    update.text,
    ...(update.release === null ? [] : [`Release ${update.release.version}, ${update.release.state}: ${update.release.text}`]),
  ]
}

function progress(page: Page & { kind: 'update' }, facts: Facts): Progress {
  if (page.fault !== '') return { style: 'bad', text: 'The update could not be started.', more: [page.fault], isOver: true }
  if (page.asked === 'update') return { style: 'warn', text: 'Asked for. What comes of it is told above.', isOver: true }
  return stickProgress(page, facts.now, facts.updateUsb, saidOfUpdate)
}

function saidOfUpdate(report: UpdateReport, more: readonly string[]): Progress {
  switch (report.state) {
    case 'waiting':
      return waitsForStick(more)
    case 'reading':
      return { style: 'warn', text: 'Reading. Do not remove the stick.', more, isOver: false }
    case 'done':
      return { style: 'good', text: 'Read. You can remove the stick. What comes of it is told above.', more, isOver: true }
    case 'failed':
      return { style: 'bad', text: 'The file could not be read.', more, isOver: true }
  }
}

export function updateBody(page: Page & { kind: 'update' }, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const paragraph = (text: string): Line[] => wrap(harmless(text), width, 4).map(line => [span(line)])
  const head: Line[] = [heading('Update', width), ...paragraph(what), [], ...known(facts).flatMap(paragraph), []]
  if (page.asked !== '')
    return { lines: [...head, ...progressLines(progress(page, facts), width)], keys: [['Enter', 'back to the overview']] }
  return {
    lines: head,
    keys: [
      ['Enter', 'update now'],
      ['S', 'from USB stick'],
      ['Esc', 'back'],
    ],
  }
}
