// One line with progress, speed and remaining time. Pure.
import { bytesText, spanText } from '../../agent/lib/table.ts'

const WIDTH = 24

export function progressText(verb: string, doneBytes: number, allBytes: number, elapsedMs: number): string {
  const share = allBytes === 0 ? 1 : doneBytes / allBytes
  const filled = Math.round(share * WIDTH)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
  const perSecond = elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0
  // the first second is no measure of the rest
  const left = elapsedMs < 1000 || perSecond === 0 || share >= 1 ? '' : `, ${spanText(Math.round((allBytes - doneBytes) / perSecond))} left`
  return `${verb} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${bytesText(doneBytes)} of ${bytesText(allBytes)}, ${bytesText(Math.round(perSecond))}/s${left}`
}
