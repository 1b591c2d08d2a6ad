// Where a message made of pairs begins: with one of the few keys that the product puts first. Behind any other, text of a
// stranger may stand: `user=x date=2026-11-20 logid=...`.
import { BLANK } from '../../lib/bytes.ts'
import type { Message } from '../../message.ts'
import { NOT_OURS } from '../recogniser.ts'
import { isOwnPlace } from './place.ts'
import { NO_WORD, type Words } from './words.ts'

const EQUALS = 0x3d
/** How far into a message its first key may end, behind the words of a header that could not be read. */
const REACH = 200

/** Where the message's first `key=` begins, if it is one of `keys` and stands where the product's text may begin; else NOT_OURS. */
export function firstKey(message: Message, keys: Words): number {
  const { bytes, body } = message
  const limit = Math.min(message.end, body + REACH)
  let at = body
  while (at < limit && bytes[at] !== EQUALS) at++
  if (at === limit) return NOT_OURS
  let key = at
  while (key > body && bytes[key - 1] !== BLANK) key--
  return keys.find(bytes, key, at) !== NO_WORD && isOwnPlace(message, key) ? key : NOT_OURS
}
