// What every part of the benchmark is given.
import type { PacketLog } from './packet-log.ts'
import type { Results } from './results.ts'
import type { Subject } from './subject.ts'
import type { Workload } from './workload.ts'

export interface Context {
  /** A folder that is removed at the end. */
  readonly temporary: string
  readonly runs: number
  readonly quick: boolean
  readonly workload: Workload
  /** Packets for the kernel to log. */
  readonly packets: string
  /** The first thousand of them. */
  readonly repeats: string
  /** Messages of which no two are alike. */
  readonly distinct: string
  /** A box that is enrolled, and whose central is away. */
  readonly box: string
  readonly packetLog: PacketLog | undefined
  /** The agent and those that it is compared with. */
  readonly subjects: readonly Subject[]
  readonly results: Results
  say(text: string): void
}

export interface Part {
  readonly name: string
  readonly title: string
  run(context: Context): Promise<void>
}
