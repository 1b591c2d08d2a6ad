// Whether to expect that a message looks like those before it. To expect and be right saves most of the reading; to expect
// and be wrong costs a part of it again. So whoever sends what nobody can expect is soon read without expecting anything.

const TRUST_MAX = 64
/** When trust is used up, so many messages are only read before the next is tried. */
const REST = 64
/** Learning from a message costs as much as reading a dozen: at last, one in so many surprises is learned from. */
const SURPRISES_A_LESSON = 128

export class Trust {
  private trust = TRUST_MAX
  private rest = 0
  private apart = 1
  private untilLesson = 1

  /** To be asked once a message. */
  mayExpect(): boolean {
    if (this.rest === 0) return true
    this.rest--
    return false
  }

  /** The message was as expected. */
  gain(): void {
    if (this.trust < TRUST_MAX) this.trust++
  }

  /** The message was hardly as expected anywhere. */
  lose(): void {
    if (--this.trust >= 0) return
    this.trust = 0
    this.rest = REST
  }

  /** To be asked for each message that was not as expected: is it one to learn from? */
  isLessonDue(): boolean {
    if (--this.untilLesson > 0) return false
    this.apart = Math.min(this.apart * 2, SURPRISES_A_LESSON)
    this.untilLesson = this.apart
    return true
  }
}
