// `cyberalarm-box judge later`: one look at a release in its first day. What was seen is kept on the disk, so a restart of the machine in
// between changes nothing.
import { readFileSync } from 'node:fs'
import { isErrorWithCode, writeDurable } from '../../../agent/lib/durable-file.ts'
import { boxPathsBelow } from '../paths.ts'
import type { JudgeOptions } from './baseline.ts'
import { readBaseline } from './first-stage.ts'
import { CHECKS, laterFault, nothingBefore, type SecondStage, secondStageSchema, withCheck } from './later-rules.ts'
import { probeCentral } from './probe.ts'
import { writeVerdict } from './verdict.ts'
import { Watch } from './watch.ts'

export async function judgeLater({ root, pace, signal, print }: JudgeOptions): Promise<number> {
  const { probation } = boxPathsBelow(root)
  const stage = readStage(root)
  const watch = new Watch(root, stage.before.sources, pace)
  await watch.rounds()
  const began = performance.now()
  do await watch.next(signal)
  while (watch.roundsBack === 0 && performance.now() - began < pace.roundMs)
  const { said, anonymousBytes = 0, ledger, restarts } = watch.samples[watch.samples.length - 1]
  const [sequence, receipted] = [ledger?.sequence ?? 0, ledger?.receipted ?? 0]
  const central = sequence > receipted ? await probeCentral(root, signal) : 'none'
  const check = { isUp: said !== undefined, isBack: watch.roundsBack > 0, anonymousBytes, sequence, receipted, central }
  const now = withCheck(stage, check, restarts)
  writeDurable(probation, JSON.stringify(now), { mode: 0o600 })
  const fault = laterFault(now)
  const isOver = now.checks >= CHECKS
  const good = isOver
    ? { code: 'good', text: 'It was as good as the release before for a day.' }
    : { code: 'trial', text: 'It is on probation.' }
  writeVerdict(root, fault ?? good)
  print((fault ?? good).text)
  return 0
}

/** The first look begins the stage, with the baseline from before the switch; the guard removes the file with the trial. */
function readStage(root: string): SecondStage {
  try {
    return secondStageSchema.parse(JSON.parse(readFileSync(boxPathsBelow(root).probation, 'utf8')))
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return nothingBefore(readBaseline(root))
    throw error
  }
}
