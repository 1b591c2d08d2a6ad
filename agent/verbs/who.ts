// `cyberalarm who PSEUDONYM`: the internal address behind a pseudonym of a report. Only this box can tell.
import { parsePseudonym } from '../batch/pseudonym-text.ts'
import { readPseudonyms } from '../delivery/pseudonym-key.ts'
import { Failure } from '../errors.ts'
import { formatAddress } from '../lib/address.ts'
import type { Paths } from '../paths.ts'
import { NetworkKind, Networks } from '../triage/networks.ts'
import { showsPrivate } from '../triage/wrapped-addresses.ts'

/** `ours`: the member's public networks. */
export function who(text: string, paths: Paths, ours: readonly string[]): string {
  const pseudonym = parsePseudonym(text.trim().toLowerCase())
  if (pseudonym === undefined) throw new Failure('pseudonym-wrong', `'${text}' is not a pseudonym`)
  const words = readPseudonyms(paths.pseudonymKey)?.back(pseudonym)
  if (words === undefined || !hasPseudonym(words, ours))
    throw new Failure('pseudonym-foreign', `${text} stands for no internal address of this box`)
  return formatAddress(words)
}

/** Anything else is the noise of another box's key. */
function hasPseudonym(words: Uint32Array, ours: readonly string[]): boolean {
  const kind = new Networks(ours).kindOf(words, 0)
  return kind === NetworkKind.internal || showsPrivate(words, 0, kind)
}
