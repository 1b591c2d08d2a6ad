// What this process itself takes, and the longest time that it did nothing but one thing. While it is busy so long the
// kernel's buffers fill: 50 ms are 15,000 messages of a flood. Looking costs a wake-up each time, so while there is little to
// do it is done seldom: then a stall that is not seen, because it lies between two looks, costs nothing.
// (`samplePerIteration` of Node.js 26 looks without waking up, but misses what is done on behalf of a socket.)
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { RecentMaximum } from '../lib/recent-maximum.ts'
import type { ProcessStatus } from './status-schema.ts'
import { RecentParts } from './windows.ts'

/** How often the loop is asked whether it is late. */
const BUSY_RESOLUTION_MS = 10
const QUIET_RESOLUTION_MS = 100
/** Of the time, spent with anything but waiting. */
const BUSY_FROM = 0.03
const MINUTE_MS = 60_000

const lookEvery = (resolutionMs: number) => ({ resolutionMs, delay: monitorEventLoopDelay({ resolution: resolutionMs }) })

export class ProcessWatch {
  readonly #busy = lookEvery(BUSY_RESOLUTION_MS)
  readonly #quiet = lookEvery(QUIET_RESOLUTION_MS)
  readonly #lastHour = new RecentMaximum(MINUTE_MS, 60)
  readonly #lastMinutes = new RecentParts(MINUTE_MS, 5)
  #look = this.#busy
  #sinceStart = 0
  #utilization = performance.eventLoopUtilization()

  start(): void {
    this.#look.delay.enable()
  }

  stop(): void {
    this.#look.delay.disable()
  }

  /** To be called once a second, between `start` and `stop`. */
  tick(): void {
    this.#note()
    const before = this.#utilization
    this.#utilization = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(this.#utilization, before)
    const next = utilization >= BUSY_FROM ? this.#busy : this.#quiet
    if (next === this.#look) return
    this.#look.delay.disable()
    next.delay.enable()
    this.#look = next
  }

  get status(): ProcessStatus {
    this.#note()
    const { user, system } = process.cpuUsage()
    return {
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      longestStallSinceStartMs: tenths(this.#sinceStart),
      longestStallLastHourMs: tenths(this.#lastHour.at(performance.now())),
    }
  }

  /** The longest in each of the last 5 minutes, in ms. */
  get recentStalls(): number[] {
    this.#note()
    return this.#lastMinutes.at(performance.now())
  }

  #note(): void {
    const { delay, resolutionMs } = this.#look
    // what the histogram holds is the time between two looks, the one that was meant to be included
    const longest = Math.max(0, delay.max / 1e6 - resolutionMs)
    delay.reset()
    this.#lastHour.note(longest, performance.now())
    this.#lastMinutes.note(longest, performance.now())
    this.#sinceStart = Math.max(this.#sinceStart, longest)
  }
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10
