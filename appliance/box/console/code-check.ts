// What can be said about an enrolment code while it is being typed, without saying the code.
import { normaliseCode } from '../../../agent/lib/typed-code.ts'

const LETTERS = 17

export interface CodeCheck {
  readonly isGood: boolean
  readonly text: string
}

export function checkCode(typed: string): CodeCheck {
  const letters = typed.replace(/[\s-]/g, '')
  if (letters === '') return { isGood: false, text: '' }
  const strange = [...letters].find(letter => !/[0-9A-TV-Za-tv-z]/.test(letter))
  if (strange !== undefined) return { isGood: false, text: /u/i.test(strange) ? 'codes have no letter U' : 'letters and digits only' }
  if (letters.length < LETTERS) return { isGood: false, text: `${letters.length} of ${LETTERS}` }
  if (letters.length > LETTERS) return { isGood: false, text: `${letters.length - LETTERS} too many` }
  return normaliseCode(typed) === undefined
    ? { isGood: false, text: 'mistyped: the check letter is wrong' }
    : { isGood: true, text: 'the check letter is correct' }
}
