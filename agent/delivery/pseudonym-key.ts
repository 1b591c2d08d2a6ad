// The key of the pseudonyms: made on first start, never sent, never shown. Without it old pseudonyms cannot be reversed.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isErrorWithCode, writeDurable } from '../lib/durable-file.ts'
import { PSEUDONYM_KEY_BYTES, Pseudonyms } from '../triage/pseudonym.ts'

/** Pseudonyms with the key at `path`; undefined if there is none yet. */
export function readPseudonyms(path: string): Pseudonyms | undefined {
  try {
    return new Pseudonyms(readFileSync(path))
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}

export function openPseudonyms(path: string): Pseudonyms {
  const known = readPseudonyms(path)
  if (known !== undefined) return known
  const key = randomBytes(PSEUDONYM_KEY_BYTES)
  writeDurable(path, key, { mode: 0o600 })
  return new Pseudonyms(key)
}
