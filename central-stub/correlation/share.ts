// How many parts of findings a member's boxes may bring about in a day. A member that invents events would fill the register
// otherwise: sources cost it nothing. Time is an argument.

const DAY_MS = 86_400_000
/** A member that the whole Internet scans has some hundred in a day. */
const PARTS_A_DAY = 20_000

export class DailyShare {
  /** Parts that were not stored. */
  refused = 0
  private day = Number.NaN
  private readonly taken = new Map<number, number>()

  /** False if the member has used up its share of the day of UTC. */
  take(member: number, now: number): boolean {
    const day = Math.floor(now / DAY_MS)
    if (day !== this.day) this.taken.clear()
    this.day = day
    const taken = this.taken.get(member) ?? 0
    if (taken >= PARTS_A_DAY) {
      this.refused++
      return false
    }
    this.taken.set(member, taken + 1)
    return true
  }
}
