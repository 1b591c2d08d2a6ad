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

  constructor(path: string, log: Log) {
    this.path = path
    this.log = log
    this.damage = mendIdentity(path)
    this.reload()
  }

  /** Reads the file again if it changed; true if it did. */
  reload(): boolean {
    const stamp = stampOf(this.path)
    if (stamp === this.lastStamp) return false
    this.lastStamp = stamp
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

  replace(stored: Identity['stored']): void {
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
