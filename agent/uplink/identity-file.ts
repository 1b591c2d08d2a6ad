// The identity as the file has it now: `cyberalarm enrol` may write a new one while the agent runs.
import { statSync } from 'node:fs'
import { describe, type Fault, faultOf } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import type { Log } from '../log.ts'
import { type Identity, mendIdentity, readIdentity, writeIdentity } from './identity.ts'

export class IdentityKeeper {
  identity: Identity | undefined
  /** Why the file cannot be used. */
  fault: Fault | undefined
  /** What was wrong with one of the two copies at start. */
  readonly damage: readonly string[]
  private readonly path: string
  private readonly log: Log
  private lastStamp = ''
  private present = new AbortController()

  constructor(path: string, log: Log) {
    this.path = path
    this.log = log
    this.damage = mendIdentity(path)
    this.reload()
  }

  /** Aborted once there is another file: what is under way with this identity is given up, however long central lets it hang. */
  get superseded(): AbortSignal {
    return this.present.signal
  }

  /** To be called where the file cannot be read again yet, because a batch is on its way: whatever holds it up is given up. */
  supersedeIfChanged(): void {
    if (stampOf(this.path) !== this.lastStamp) this.present.abort()
  }

  /** Reads the file again if it changed; true if it did. */
  reload(): boolean {
    const stamp = stampOf(this.path)
    if (stamp === this.lastStamp) return false
    this.lastStamp = stamp
    this.present.abort()
    this.present = new AbortController()
    try {
      this.identity = readIdentity(this.path)
      this.fault = undefined
    } catch (error) {
      this.identity = undefined
      this.fault = faultOf(error)
      this.log.warning(describe(error))
    }
    return true
  }

  /** After a renewal. An identity that `cyberalarm enrol` has written meanwhile stays. */
  replace(stored: Identity['stored']): void {
    if (stampOf(this.path) !== this.lastStamp) return
    this.identity = writeIdentity(this.path, stored)
    this.lastStamp = stampOf(this.path)
  }
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, ino } = statSync(path)
    return `${ino} ${mtimeMs}`
  } catch (error) {
    // reported when it is read
    return isErrorWithCode(error, 'ENOENT') ? '' : String(error)
  }
}
