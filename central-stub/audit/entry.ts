// One entry of the audit log: what was done, when, by whom, without content of any event. Entries are chained: each has the hash of
// the one before in its own, and each hash is signed. What is hashed is the text as it is stored, byte for byte, so that a
// verifier needs no rules of how JSON is written. audit/verify.ts says the same a second time, and needs nothing of this. Pure.
import { createHash, type KeyObject, sign } from 'node:crypto'

/** What is done to personal data, in the words of section 62 of the Data Protection Act 2018, which asks for a log of them. */
export const actions = ['collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure'] as const
export type Action = (typeof actions)[number]

/** Facts of an entry: numbers, hashes, names of files and rules. Never an address, and nothing that a message said. */
export type Facts = Readonly<Record<string, unknown>>

export interface Entry {
  /** From 1. */
  readonly number: number
  /** JSON: number, time, action and facts. */
  readonly text: string
  /** SHA-256 over the hash before (zeros for the first) and the text. */
  readonly hash: Buffer
  /** Ed25519 over `cyberalarm audit v1`, a line feed, and the hash in hexadecimal. */
  readonly signature: Buffer
}

export interface Head {
  readonly number: number
  readonly hash: Buffer
}

export const noEntry: Head = { number: 0, hash: Buffer.alloc(32) }

export function makeEntry(head: Head, action: Action, facts: Facts, atMs: number, key: KeyObject): Entry {
  const number = head.number + 1
  const text = JSON.stringify({ number, at: new Date(atMs).toISOString(), action, ...facts })
  const hash = createHash('sha256').update(head.hash).update(text).digest()
  return { number, text, hash, signature: sign(null, Buffer.from(`cyberalarm audit v1\n${hash.toString('hex')}`), key) }
}
