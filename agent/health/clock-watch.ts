// Notices when the wall clock jumps against the monotonic one: batches are timed by the latter, certificates by the former.

const JUMP_MS = 5000

export class ClockWatch {
  jumps = 0
  lastJumpMs = 0
  private offset = Date.now() - performance.now()

  /** To be called once a second. How far the clock jumped since the last call, in ms; 0 if it did not. */
  tick(): number {
    const offset = Date.now() - performance.now()
    const jump = offset - this.offset
    this.offset = offset
    if (Math.abs(jump) <= JUMP_MS) return 0
    this.jumps++
    this.lastJumpMs = jump
    return jump
  }
}
