// How a code is taken out of a text without changing its length, in steps that may each be cut off anywhere: first the code
// becomes stars, then the line a comment, then the comment says what happened. A text that was cut off between still reads as
// one without a code, and the next boot goes on.
import { normaliseCode } from '../../../agent/lib/typed-code.ts'
import { WIPED } from '../../../agent/settings/rows/enrolment.ts'
import { fromUnits, toUnits } from './text-file.ts'

const NOTE = '# enrolment.code was used'
/** A line with a value for the code, commented out or not; byte order marks may stand in front, in either width. */
const codeLine = /^((?:\uFEFF|\u00EF\u00BB\u00BF)?)([ \t]*#*[ \t]*enrolment\.code[ \t]*=[ \t]*)(.*?)[ \t]*$/i

type Step = (whole: string, mark: string, before: string, value: string) => string

const steps: readonly Step[] = [
  (_, mark, before, value) => `${mark}${before}${WIPED.repeat(value.length)}`,
  (_, mark, before, value) => `${mark}#${`${before}${WIPED.repeat(value.length)}`.slice(1)}`,
  (whole, mark) => `${mark}${`${NOTE} `.padEnd(whole.length - mark.length, WIPED)}`,
]

/** The value of a line if it is one to be wiped: a code, what is left of one, or any value that is not commented out. */
function liveValue(line: string): RegExpExecArray | undefined {
  const found = codeLine.exec(line)
  if (found === null || found[3] === '') return undefined
  const isComment = found[2].includes('#')
  const value = found[3].replace(/^"(.*)"$/, '$1')
  return !isComment || value.includes(WIPED) || normaliseCode(value) !== undefined ? found : undefined
}

/** What the bytes are after each step; none if there is nothing to wipe. Every one is as long as the bytes given. */
export function wipeSteps(bytes: Buffer): Buffer[] {
  const parts = toUnits(bytes).split(/(\r\n|\r|\n)/)
  if (!parts.some(part => liveValue(part) !== undefined)) return []
  return steps.map(step =>
    fromUnits(
      parts
        .map(part => {
          const found = liveValue(part)
          return found === undefined ? part : step(found[0], found[1], found[2], found[3]).padEnd(part.length, ' ')
        })
        .join(''),
      bytes,
    ),
  )
}

/** Codes that stand in the bytes, as they were typed. */
export function codesIn(bytes: Buffer): string[] {
  return toUnits(bytes)
    .split(/\r\n|\r|\n/)
    .flatMap(line => liveValue(line)?.[3].replace(/^"(.*)"$/, '$1') ?? [])
    .filter(value => normaliseCode(value) !== undefined)
}
