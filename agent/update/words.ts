// What a box does with what it is offered, in a sentence for people. Pure.
import { unreachable } from '../errors.ts'
import type { Box, Decision, Offer } from './check.ts'
import { minuteOf } from './state.ts'

/** `isPackage`: the machine is updated with apt or dnf, and only tells what there is. */
export function sentenceOf(
  decision: Decision,
  { manifest, channel }: Pick<Offer, 'manifest' | 'channel'>,
  box: Box,
  isPackage = false,
): string {
  switch (decision.kind) {
    case 'current':
      return 'This box runs the release that is offered.'
    case 'older':
      return 'This box runs a newer release than the one that is offered. It does not go back.'
    case 'paused':
      return 'The makers have paused this release. The box waits.'
    case 'pinned':
      return `The box stays with version ${box.pin}, because update.pin says so. It gets no fixes of other versions.`
    case 'needs-another-first':
      return `This release is for boxes from release ${channel.minFrom} on. This box is older: call the helpdesk.`
    case 'on-trial':
      return 'The release that runs is on trial. The box changes again when that is over.'
    case 'tried':
      return 'This box has tried this release and gone back. It waits for the next one.'
    case 'before-wave':
      return `It is the turn of this box on ${minuteOf(decision.from)}.${box.device === undefined ? ' A box that is not enrolled comes last.' : ''}`
    case 'before-window':
      return `It is the turn of this box. It waits for its window, which opens on ${minuteOf(decision.from)}.`
    case 'handed-over':
      return `The box changes to ${manifest.version} now.`
    case 'now':
      return isPackage
        ? `Version ${manifest.version} is there: update the package cyberalarm.`
        : `It is the turn of this box: it may change to ${manifest.version} now.`
    default:
      return unreachable(decision)
  }
}
