// Reads a capture file and says of each packet what the box would do with it, or of all of them
// together. Looks at headers only; nothing is sent and nothing is kept.
import { addAbortSignal, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../settings/table.ts'
import { CaptureReader } from '../sources/capture/pcap-file.ts'
import { decompressed, TruncatedInput } from '../sources/capture/pcap-input.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import { explanationText } from './explanation.ts'
import { PacketJudge } from './replay-packets.ts'
import { type Ending, summaryOf, summaryText } from './replay-summary.ts'

export interface ReplayOptions {
  /** The capture, compressed or not. */
  readonly input: Readable
  /** Its name in error messages. */
  readonly name: string
  readonly settings: Settings
  /** Number of the action of packets for which no rule's prefix states one. */
  readonly action: number
  readonly json: boolean
  /** Print the summary alone. */
  readonly summaryOnly: boolean
  /** Take as long as the capture took. */
  readonly atPace: boolean
  readonly signal: AbortSignal
  print(text: string): void
  /** Resolves when what was printed has been written: a slow reader is waited for, instead of keeping its text in memory. */
  drained(): Promise<void>
  /** Called after each piece of input, with how many packets there were. */
  progress(packets: number): void
}

const ExitCode = { whole: 0, endsMidway: 3, interrupted: 130 } as const

/** Gives the exit code; throws Failure after it printed what was counted until then. */
export async function replay(options: ReplayOptions): Promise<number> {
  const { input, signal, print, json } = options
  const run = new Run(options)
  const conclude = (ending: Ending) => {
    const { counts } = run.judge
    print(
      json ? JSON.stringify({ summary: summaryOf(counts, ending) }) : `${options.summaryOnly ? '' : '\n'}${summaryText(counts, ending)}`,
    )
  }
  try {
    const isWhole = await run.readAll(addAbortSignal(signal, input))
    conclude(isWhole ? 'whole' : 'ends-midway')
    return isWhole ? ExitCode.whole : ExitCode.endsMidway
  } catch (error) {
    run.printLines()
    if (signal.aborted) {
      conclude('interrupted')
      return ExitCode.interrupted
    }
    if (run.judge.counts.packets > 0) conclude('damaged')
    await options.drained()
    throw error
  }
}

/** Timers of Node.js hold 31 bits of milliseconds. */
const LONGEST_WAIT_MS = 3_600_000

class Run {
  readonly judge: PacketJudge
  private readonly options: ReplayOptions
  private readonly reader = new CaptureReader()
  private lines: string[] = []
  /** Wall clock less the capture's clock, ms; NaN before the first packet that states a time. */
  private shift = Number.NaN

  constructor(options: ReplayOptions) {
    this.options = options
    this.judge = new PacketJudge(new Triage(new Networks(options.settings['member.networks'])), options.action)
  }

  /** False if the capture ends in the middle of a record. */
  async readAll(input: Readable): Promise<boolean> {
    const { reader, options } = this
    const { counts } = this.judge
    let isWhole = true
    try {
      for await (const chunk of decompressed(input, options.name)) {
        reader.push(chunk)
        if (options.atPace) await this.takeAtPace()
        else this.takeAll()
        await this.flush()
        options.progress(counts.packets)
        options.signal.throwIfAborted()
      }
    } catch (error) {
      if (!(error instanceof TruncatedInput)) throw error
      isWhole = false
    }
    if (reader.finish()) return isWhole
    counts.packets++
    counts.cut++
    return false
  }

  /** Prints the lines of many packets with one call: each is a call to the system. */
  printLines(): void {
    if (this.lines.length > 0) this.options.print(this.lines.join('\n'))
    this.lines = []
  }

  private async flush(): Promise<void> {
    if (this.lines.length === 0) return
    this.printLines()
    await this.options.drained()
  }

  private takeAll(): void {
    while (this.reader.next()) this.take()
  }

  private async takeAtPace(): Promise<void> {
    const { reader, options } = this
    while (reader.next()) {
      await this.waitFor(reader.packet.time)
      options.signal.throwIfAborted()
      this.take()
    }
  }

  private take(): void {
    const { reader, judge, options } = this
    const outcome = judge.judge(reader.bytes, reader.packet)
    if (options.summaryOnly) return
    const explanation = judge.explain(outcome)
    this.lines.push(options.json ? JSON.stringify({ packet: reader.packet.number, ...explanation }) : explanationText(explanation))
  }

  private async waitFor(time: number): Promise<void> {
    if (time < 0) return
    if (Number.isNaN(this.shift)) this.shift = Date.now() - time
    for (let ahead = time + this.shift - Date.now(); ahead > 0; ahead = time + this.shift - Date.now()) {
      await this.flush()
      await sleep(Math.min(ahead, LONGEST_WAIT_MS), undefined, { signal: this.options.signal })
    }
  }
}
