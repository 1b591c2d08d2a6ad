// Opens batches in threads, so that nothing a device sealed is decrypted, decompressed or unpacked where connections are
// served. A thread that takes more time or memory for a batch than one may take is ended and replaced: only that batch is
// refused. Batches wait in one row; a device has one in it at most (ingest.ts), so each device gets its turn.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { BatchFrame, Sealed } from '../../agent/batch/frame.ts'
import { isErrorWithCode } from '../../agent/lib/durable-file.ts'
import { Refusal } from '../refusals.ts'
import type { OpenedBatch, ThreadAnswer, ThreadData } from './opening-thread.ts'

export interface OpeningLimits {
  readonly threads: number
  /** Of the processor, for one batch; a full one takes 50. By this, because on a busy machine an honest batch may have to wait for its turn. */
  readonly cpuMs: number
  /** By the clock, for what stands still. */
  readonly timeMs: number
  /** Of objects; columns lie outside, and are bounded by the number of rows. */
  readonly heapMiB: number
}

export const openingLimits: OpeningLimits = { threads: Math.max(1, availableParallelism() - 1), cpuMs: 1500, timeMs: 60_000, heapMiB: 64 }

const HANDED_OVER_BYTES = 65_536
/** How often a thread is looked at; what is opened in less costs no look at all. */
const CHECK_MS = 250

interface Job {
  readonly sealed: Sealed
  /** For the operator, if it costs a thread. */
  readonly name: string
  readonly resolve: (columns: OpenedBatch) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  /** `starting` until its modules are loaded, which is no batch's fault. */
  state: 'starting' | 'idle' | Job
  /** What it was at when it was looked at last, and what it had used of the processor. */
  seen?: { readonly job: Job; readonly used: NodeJS.CpuUsage; readonly at: number }
}

export class Opening {
  private readonly waiting: Job[] = []
  private readonly threads = new Set<Thread>()
  private readonly data: ThreadData
  private readonly limits: OpeningLimits
  private readonly report: (error: unknown) => void
  private readonly program: URL
  private readonly checks: NodeJS.Timeout
  private isClosed = false

  constructor(
    data: ThreadData,
    report: (error: unknown) => void,
    limits: OpeningLimits = openingLimits,
    program = new URL('opening-thread.ts', import.meta.url),
  ) {
    this.data = data
    this.report = report
    this.limits = limits
    this.program = program
    this.checks = setInterval(() => {
      for (const thread of this.threads) void this.check(thread)
    }, CHECK_MS).unref()
  }

  /** A sealed batch in columns. Refusal seal-wrong, batch-malformed, batch-too-costly, or central-failed if no thread starts. */
  open({ device, sequence, header, enc, sealed }: BatchFrame): Promise<OpenedBatch> {
    if (this.isClosed) return Promise.reject(new Refusal('central-failed'))
    return new Promise((resolve, reject) => {
      // copies, because the views stand on memory of the connection
      const copies = { header: new Uint8Array(header), enc: new Uint8Array(enc), sealed: new Uint8Array(sealed) }
      this.waiting.push({ sealed: copies, name: `batch ${sequence} of ${device}`, resolve, reject })
      this.next()
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.checks)
    await Promise.all([...this.threads].map(({ worker }) => worker.terminate()))
  }

  private next(): void {
    let starting = 0
    for (const thread of this.threads) {
      if (thread.state === 'starting') starting++
      const job = thread.state === 'idle' ? this.waiting.shift() : undefined
      if (job !== undefined) this.hand(thread, job)
    }
    if (this.waiting.length > starting && this.threads.size < this.limits.threads && !this.isClosed) this.start()
  }

  private hand(thread: Thread, job: Job): void {
    thread.state = job
    thread.worker.ref()
    const { header, enc, sealed } = job.sealed
    // handing memory over costs more than copying little of it
    const parts = sealed.length < HANDED_OVER_BYTES ? [] : [header, enc, sealed]
    thread.worker.postMessage(
      job.sealed,
      parts.map(part => part.buffer as ArrayBuffer),
    )
  }

  /** Ends a thread that takes too much for its batch. */
  private async check(thread: Thread): Promise<void> {
    const { worker, state: job, seen } = thread
    if (typeof job !== 'object') return
    try {
      const used = await worker.cpuUsage(seen?.job === job ? seen.used : undefined)
      if (seen?.job !== job) thread.seen = { job, used, at: performance.now() }
      else if ((used.user + used.system) / 1000 > this.limits.cpuMs || performance.now() - seen.at > this.limits.timeMs)
        if (thread.state === job) await worker.terminate()
    } catch (error) {
      // it has ended meanwhile, and `ended` says what becomes of its batch
      if (!isErrorWithCode(error, 'ERR_WORKER_NOT_RUNNING')) this.report(error)
    }
  }

  private start(): void {
    const { heapMiB } = this.limits
    const resourceLimits = { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: heapMiB / 4 }
    const worker = new Worker(this.program, { workerData: this.data, resourceLimits })
    const thread: Thread = { worker, state: 'starting' }
    this.threads.add(thread)
    worker.on('message', (answer: ThreadAnswer) => this.answered(thread, answer))
    worker.on('error', this.report)
    worker.on('exit', () => this.ended(thread))
  }

  private answered(thread: Thread, answer: ThreadAnswer): void {
    const job = thread.state
    thread.state = 'idle'
    // one that has nothing to do does not hold the process open
    thread.worker.unref()
    if (typeof job === 'object' && answer.kind === 'opened') job.resolve(answer.batch)
    if (typeof job === 'object' && answer.kind === 'refused') job.reject(new Refusal(answer.code))
    this.next()
  }

  private ended(thread: Thread): void {
    this.threads.delete(thread)
    const { state } = thread
    if (typeof state === 'object') {
      state.reject(new Refusal(this.isClosed ? 'central-failed' : 'batch-too-costly'))
      if (!this.isClosed) this.report(new Error(`${state.name} took more time or memory than opening a batch may take`))
    }
    if (this.threads.size === 0 && (this.isClosed || state === 'starting')) {
      // the next would not come up either: whoever waits is told, and the next batch tries again
      for (const job of this.waiting.splice(0)) job.reject(new Refusal('central-failed'))
    } else if (state !== 'starting') this.next()
  }
}
