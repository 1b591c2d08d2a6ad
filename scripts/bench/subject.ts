// What is measured: a program that receives messages and can say how many it has. Each kind has a file of its own.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Count {
  /** Messages that the program has taken. */
  readonly received: number
  /** What the kernel threw away because the program did not take it, as the kernel tells. */
  readonly lost: number
  /** Of those received: not yet where they end, on the disk. */
  readonly pending: number
}

export interface Running {
  readonly pid: number
  /** Where messages go; 0 if the records say it. */
  readonly port: number
  /** Puts the sender where the program listens. */
  readonly inside: readonly string[]
  count(): Promise<Count>
  /** Has the program write what it holds back until more comes, if it does that. */
  flush(): void
  /** Things worth telling of this run, such as the share of messages that were read. */
  facts(): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

export interface Subject {
  readonly name: string
  readonly input: 'syslog' | 'nflog'
  /** All products' messages come from one address, as if a relay passed them on. */
  readonly isRelayed?: boolean
  /** It is compiled while it runs: it is measured only when that is done, as on a box, which runs for months. */
  readonly isSlowToWarm?: boolean
  start(): Promise<Running>
}

const STEP_MS = 100
const FLUSH_AFTER_STEPS = 5
const STILL_STEPS = 30

/**
 * Waits until all that was sent is worked off or lost, or nothing has moved for three seconds. `total` counts from the
 * start of the program; `toTheDisk` waits for what is pending too.
 */
export async function settled(running: Running, total: number, toTheDisk = true, timeoutMs = 120_000): Promise<Count> {
  const deadline = performance.now() + timeoutMs
  const isDone = ({ received, lost, pending }: Count) => received + lost >= total && (pending === 0 || !toTheDisk)
  let last = await running.count()
  for (let still = 0; still < STILL_STEPS && !isDone(last) && performance.now() < deadline; still++) {
    await sleep(STEP_MS)
    if (still === FLUSH_AFTER_STEPS) running.flush()
    const next = await running.count()
    if (next.received !== last.received || next.pending !== last.pending) still = 0
    last = next
  }
  return last
}
