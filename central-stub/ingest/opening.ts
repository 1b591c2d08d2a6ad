// Opens batches in threads, so that nothing a device sealed is decrypted, decompressed or unpacked where connections are
// served. A thread that takes more time or memory for a batch than one may take is ended and replaced: only that batch is
// refused. Batches wait in one row; a device has one in it at most (ingest.ts), so each device gets its turn.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { BatchColumns } from '../../agent/batch/columns.ts'
import type { BatchFrame, Sealed } from '../../agent/batch/frame.ts'
import { Refusal } from '../refusals.ts'
import type { ThreadAnswer, ThreadData } from './opening-thread.ts'

export interface OpeningLimits {
  readonly threads: number
  /** A full batch takes 0.1 s of a free processor. */
  readonly timeMs: number
  /** Of objects; columns lie outside, and are bounded by the number of rows. */
  readonly heapMiB: number
}

export const openingLimits: OpeningLimits = { threads: Math.max(1, availableParallelism() - 1), timeMs: 5000, heapMiB: 64 }

interface Job {
  readonly sealed: Sealed
  /** For the operator, if it costs a thread. */
  readonly name: string
  readonly resolve: (columns: BatchColumns) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  /** `starting` until its modules are loaded, which is no batch's fault. */
  state: 'starting' | 'idle' | Job
  timer?: NodeJS.Timeout
}

export class Opening {
  private readonly waiting: Job[] = []
  private readonly threads = new Set<Thread>()
  private readonly data: ThreadData
  private readonly limits: OpeningLimits
  private readonly report: (error: unknown) => void
  private readonly program: URL
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
  }

  /** The columns of a sealed batch. Refusal seal-wrong, batch-malformed, batch-too-costly, or central-failed if no thread starts. */
  open({ device, sequence, header, enc, sealed }: BatchFrame): Promise<BatchColumns> {
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
    thread.timer = setTimeout(() => void thread.worker.terminate(), this.limits.timeMs)
    const { header, enc, sealed } = job.sealed
    thread.worker.postMessage(
      job.sealed,
      [header, enc, sealed].map(part => part.buffer as ArrayBuffer),
    )
  }

  private start(): void {
    const { heapMiB } = this.limits
    const resourceLimits = { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: heapMiB / 4 }
    const worker = new Worker(this.program, { workerData: this.data, resourceLimits })
    const thread: Thread = { worker, state: 'starting' }
    this.threads.add(thread)
    // what holds the process open is the server
    worker.unref()
    worker.on('message', (answer: ThreadAnswer) => this.answered(thread, answer))
    worker.on('error', this.report)
    worker.on('exit', () => this.ended(thread))
  }

  private answered(thread: Thread, answer: ThreadAnswer): void {
    clearTimeout(thread.timer)
    const job = thread.state
    thread.state = 'idle'
    if (typeof job === 'object' && answer.kind === 'opened') job.resolve(answer.columns)
    if (typeof job === 'object' && answer.kind === 'refused') job.reject(new Refusal(answer.code))
    this.next()
  }

  private ended(thread: Thread): void {
    clearTimeout(thread.timer)
    this.threads.delete(thread)
    const { state } = thread
    if (typeof state === 'object') {
      state.reject(new Refusal(this.isClosed ? 'central-failed' : 'batch-too-costly'))
      if (!this.isClosed) this.report(new Error(`${state.name} took more time or memory than opening a batch may take`))
    }
    if (this.threads.size === 0 && (this.isClosed || state === 'starting')) {
      // the next would not come up either: whoever waits is told, and the next batch tries again
      for (const job of this.waiting.splice(0)) job.reject(new Refusal('central-failed', { retryAfterSeconds: 30 }))
    } else if (state !== 'starting') this.next()
  }
}
