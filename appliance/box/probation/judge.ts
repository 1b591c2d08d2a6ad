// `cyberalarm-box judge`: on the side of the system, which a release cannot change. It looks and says; the guard in shell acts.
import { Failure } from '../../../agent/errors.ts'
import { type JudgeOptions, measureBaseline } from './baseline.ts'
import { judgeFirst } from './first-stage.ts'
import { judgeLater } from './later-stage.ts'
import { paceOf } from './pace.ts'

const stages: Readonly<Record<string, (options: JudgeOptions) => Promise<number>>> = {
  baseline: measureBaseline,
  first: judgeFirst,
  later: judgeLater,
}

export async function judge(
  stage: string,
  { environment, ...options }: Omit<JudgeOptions, 'pace'> & { readonly environment: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const run = stages[stage]
  if (run === undefined) throw new Failure('argument-wrong', `STAGE is ${Object.keys(stages).join(', ')}, not '${stage}'`)
  // tests only: no unit of the box sets it
  const seconds = Number(environment.CYBERALARM_PROBATION_SECONDS)
  return run({ ...options, pace: paceOf(Number.isFinite(seconds) ? seconds : undefined) })
}
