// The checks of health by number, and what each says where something is wrong: one sentence, made of the level and one number.
// `status`, console and central all take it from here, so that they say the same. A number is never given to another check: central
// knows boxes of other releases by it. What to do is the advice of the code in errors.ts.
import { advice } from '../../errors.ts'
import type { CheckWords } from './check-words.ts'
import { type Level, levels } from './level.ts'
import { centralWords } from './words-central.ts'
import { machineWords } from './words-machine.ts'
import { messageWords } from './words-messages.ts'

export type { CheckWords } from './check-words.ts'

/** In the order of the status: what keeps everything else from working comes first. */
export const checkWords = { ...centralWords, ...messageWords, ...machineWords } as const satisfies Readonly<Record<string, CheckWords>>

export type CheckName = keyof typeof checkWords
export const checkNames = Object.keys(checkWords) as CheckName[]
const nameByNumber = new Map<number, CheckName>(checkNames.map(name => [checkWords[name].number, name]))

export interface Said {
  readonly check: string
  readonly code: string
  readonly text: string
  readonly advice: string
}

/** What a check says at this level: also of one that only a newer release knows. */
export function wordsOf(number: number, level: Level, value: number | undefined): Said {
  const check = nameByNumber.get(number)
  if (check === undefined)
    return {
      check: `check ${number}`,
      code: 'check-of-newer-release',
      text: `A check of a newer release (number ${number}) says ${level}, with the value ${value ?? 'not known'}`,
      advice: advice['check-of-newer-release'],
    }
  const words: CheckWords = checkWords[check]
  return { check, code: words.code, text: words.says(value, level), advice: advice[words.code] }
}

export const worst = (all: Iterable<Level>): Level => {
  let found: Level = 'unknown'
  for (const level of all) if (levels.indexOf(level) > levels.indexOf(found)) found = level
  return found
}
