// What this process itself takes, and the longest time that it did nothing but one thing. While it is busy so long the
// kernel's buffers fill: 50 ms are 15,000 messages of a flood.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ProcessStatus } from './status-schema.ts'

/** How often the loop is asked whether it is late. */
const RESOLUTION_MS = 10

export class ProcessWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  start(): void {
    this.#delay.enable()
  }

  stop(): void {
    this.#delay.disable()
  }

  get status(): ProcessStatus {
    const { user, system } = process.cpuUsage()
    // what the histogram holds is the time between two looks, the one that was meant to be included
    const longest = Math.max(0, this.#delay.max / 1e6 - RESOLUTION_MS)
    return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6, longestStallMs: Math.round(longest * 10) / 10 }
  }
}
