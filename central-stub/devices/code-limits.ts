// What a wrong enrolment code is answered, and how often a right one may be used. A right code is always looked at, however
// many wrong ones came from its address before: behind a NAT or a balancer others must not be able to keep a member from
// enrolling. So somebody who was told to wait still learns when a code is right. That helps nobody: a code has 80 random bits,
// and a million tries a second against a thousand fresh codes take 19 million years for an even chance. The limit keeps the
// load down.
import { networkOf } from '../limits/network.ts'
import { type Rate, Rates } from '../limits/rates.ts'
import { Refusal } from '../refusals.ts'

/** Ten wrong ones at once from one network, and ten in a quarter of an hour from then on. */
const wrongCodeRate: Rate = { burst: 10, everyMs: 90_000 }
/** A signing request is parsed and verified for whoever has a code, fresh or spent: so often. */
const codeUseRate: Rate = { burst: 20, everyMs: 60_000 }

export class CodeLimits {
  private readonly wrong = new Rates(wrongCodeRate)
  private readonly uses = new Rates(codeUseRate)

  /** Counts a wrong code and gives what to answer: code-refused, or codes-too-many. */
  refuse(address: string, now: number): Refusal {
    const network = networkOf(address)
    const waitMs = this.wrong.waitMs(network, now)
    this.wrong.count(network, now)
    return waitMs > 0 ? new Refusal('codes-too-many', { retryAfterSeconds: Math.ceil(waitMs / 1000) }) : new Refusal('code-refused')
  }

  /** Counts a use of a code that central has issued. Refusal code-used-too-often. */
  use(hash: string, now: number): void {
    const waitMs = this.uses.waitMs(hash, now)
    if (waitMs > 0) throw new Refusal('code-used-too-often', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
    this.uses.count(hash, now)
  }
}
