// Notices when the wall clock jumps against the monotonic one: batches are timed by the latter, certificates by the former.

const JUMP_MS = 5000

export class ClockWatch {
  jumps = 0
  lastJumpMs = 0
  private offset = Date.now() - performance.now()

  /** To be called once a second. */
  tick(): void {
    const offset = Date.now() - performance.now()
    if (Math.abs(offset - this.offset) > JUMP_MS) {
      this.jumps++
      this.lastJumpMs = offset - this.offset
    }
    this.offset = offset
  }
}
