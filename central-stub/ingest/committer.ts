// Group commit: batches that wait while one group is being stored make the next one, so a group is as large as the load asks for, and
// one that comes alone waits for nobody. A group goes into the hour's file first, then into the register; only then is there a receipt.
// What a kill or an error leaves between the two is put on record before anything else is stored (recover.ts).
import type { Appended, Arrivals, ArrivedBatch } from '../arrivals/arrivals.ts'
import { headOf } from '../devices/head.ts'
import { Refusal } from '../refusals.ts'
import type { Register } from '../register/register.ts'
import { type BatchRow, enterBatch, recover } from './recover.ts'

/** A group takes some tenths of a second to store at most: this many rows, or one batch more. */
const GROUP_ROWS = 100_000
const GROUP_BATCHES = 1024

interface Waiting {
  readonly batch: ArrivedBatch
  readonly resolve: (arrivedAt: number) => void
  readonly reject: (error: unknown) => void
}

export class Committer {
  private readonly arrivals: Arrivals
  private readonly register: Register
  private readonly waiting: Waiting[] = []
  /** Stored, and not yet in the register, because that failed. */
  private unregistered: { readonly rows: readonly BatchRow[]; readonly appended: Appended }[] = []
  /** The opening of the files after which the register was compared with them; DuckDB may have kept what it said had failed. */
  private compared = -1
  private isRunning = false

  constructor(arrivals: Arrivals, register: Register) {
    this.arrivals = arrivals
    this.register = register
  }

  /**
   * When it was stored, once it is on the disk. Refusal central-full. The caller has looked that it is the next of its device, and has
   * no other of the device under way.
   */
  store(batch: ArrivedBatch): Promise<number> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ batch, resolve, reject })
      if (!this.isRunning) void this.run()
    })
  }

  /** To be called once at the start, so that the quotas know all. On a disk without room what has to be done is done later. */
  async begin(): Promise<void> {
    await this.settle().catch(error => {
      if (!(error instanceof Refusal)) throw error
    })
  }

  private async run(): Promise<void> {
    this.isRunning = true
    while (this.waiting.length > 0) {
      const group = this.take()
      try {
        await this.settle()
        await this.storeGroup(group.filter(one => this.isNext(one)))
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.isRunning = false
  }

  /** Puts on record what is stored. Refusal central-full if that cannot be. */
  private async settle(): Promise<void> {
    this.enterAll()
    const openings = await this.arrivals.whenOpen()
    if (openings === this.compared) return
    await recover(this.register, this.arrivals)
    this.compared = openings
  }

  /** A batch that was put on record while this one was on its way is not stored again: its box has to ask once more. */
  private isNext({ batch, reject }: Waiting): boolean {
    if (headOf(this.register, batch.device).sequence === batch.sequence - 1) return true
    reject(new Refusal('central-failed', { retryAfterSeconds: 1 }))
    return false
  }

  private async storeGroup(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return
    let appended: Appended
    try {
      appended = await this.arrivals.append(group.map(({ batch }) => batch))
    } catch (error) {
      this.compared = -1
      throw error
    }
    this.unregistered.push({ rows: group.map(({ batch }) => ({ ...batch, rows: batch.events.rows })), appended })
    this.enterAll()
    for (const { resolve } of group) resolve(appended.arrivedAt)
  }

  /** It may use the last of the disk, because the batches are stored already. */
  private enterAll(): void {
    for (let next = this.unregistered.at(0); next !== undefined; next = this.unregistered.at(0)) {
      const { rows, appended } = next
      this.register.transact(transaction => {
        for (const row of rows) enterBatch(transaction, row, appended)
      }, 'reserve')
      this.unregistered.shift()
    }
  }

  private take(): Waiting[] {
    let rows = 0
    let count = 0
    while (count < this.waiting.length && count < GROUP_BATCHES && rows < GROUP_ROWS) rows += this.waiting[count++].batch.events.rows
    return this.waiting.splice(0, count)
  }
}
