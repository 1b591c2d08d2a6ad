// `cyberalarm who PSEUDONYM`: the internal address behind a pseudonym of a report. Only this box can tell.
import { parsePseudonym } from '../batch/pseudonym-text.ts'
import { readPseudonyms } from '../delivery/pseudonym-key.ts'
import { Failure } from '../errors.ts'
import { formatAddress } from '../lib/address.ts'
import type { Paths } from '../paths.ts'
import { NetworkKind, Networks } from '../triage/networks.ts'

export function who(text: string, paths: Paths): string {
  const pseudonym = parsePseudonym(text.trim().toLowerCase())
  if (pseudonym === undefined) throw new Failure('pseudonym-wrong', `'${text}' is not a pseudonym`)
  const words = readPseudonyms(paths.pseudonymKey)?.back(pseudonym)
  // only internal addresses get pseudonyms: anything else is the noise of another box's key
  if (words === undefined || new Networks([]).kindOf(words, 0) !== NetworkKind.internal)
    throw new Failure('pseudonym-foreign', `${text} stands for no internal address of this box`)
  return formatAddress(words)
}
