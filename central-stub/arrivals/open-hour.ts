// The hour that batches are put into: which number the next one has, and the numbers of the names of triage rules.
import type { DuckDBConnection } from '@duckdb/node-api'
import * as z from 'zod'
import { catalogOf, type HourName } from './hours.ts'
import { rowsOf } from './instance.ts'
import { OTHER_REASON } from './schema.ts'
import { type ArrivedBatch, type NumberedBatch, Writer } from './writer.ts'

/** A box has some twenty rules. A member that makes names up has its further ones counted as 'other', and costs the others none. */
const NAMES_OF_A_MEMBER_MAX = 256
const NAMES_MAX = 0xffff

export class OpenHour {
  readonly name: HourName
  private readonly connection: DuckDBConnection
  private readonly writer: Writer
  private lastBatch: number
  private readonly reasons: Map<string, number>
  private readonly namesOf = new Map<number, number>()

  private constructor(connection: DuckDBConnection, name: HourName, lastBatch: number, reasons: Map<string, number>) {
    this.connection = connection
    this.writer = new Writer(connection)
    this.name = name
    this.lastBatch = lastBatch
    this.reasons = reasons
  }

  static async of(connection: DuckDBConnection, name: HourName): Promise<OpenHour> {
    const catalog = catalogOf(name)
    const last = z.object({ last: z.number() })
    const [{ last: lastBatch }] = await rowsOf(
      connection,
      last,
      `SELECT coalesce(max(batch), 0)::UINTEGER AS last FROM "${catalog}".batches`,
    )
    const named = z.object({ reason: z.number(), name: z.string() })
    const reasons = await rowsOf(connection, named, `SELECT reason, name FROM "${catalog}".reasons`)
    return new OpenHour(connection, name, lastBatch, new Map(reasons.map(({ reason, name }) => [name, reason])))
  }

  async append(batches: readonly ArrivedBatch[], arrivedAt: number): Promise<void> {
    const { connection, reasons } = this
    const known = reasons.size
    const catalog = catalogOf(this.name)
    await connection.run('BEGIN TRANSACTION')
    try {
      const numbered = batches.map((batch, i): NumberedBatch => {
        const reasonNumbers = batch.events.reasons.map(name => this.numberOf(name, batch.member))
        return { ...batch, number: this.lastBatch + 1 + i, reasonNumbers }
      })
      for (const [name, reason] of [...reasons].slice(known))
        await connection.run(`INSERT INTO "${catalog}".reasons VALUES ($reason, $name)`, { reason, name })
      await this.writer.write(catalog, numbered, arrivedAt)
      await connection.run('COMMIT')
      this.lastBatch += batches.length
    } catch (error) {
      for (const name of [...reasons.keys()].slice(known)) reasons.delete(name)
      // a COMMIT that failed has ended the transaction already; the first error is the one that tells
      await connection.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  private numberOf(name: string, member: number): number {
    const known = this.reasons.get(name)
    if (known !== undefined) return known
    const named = this.namesOf.get(member) ?? 0
    if (named >= NAMES_OF_A_MEMBER_MAX || this.reasons.size >= NAMES_MAX) return OTHER_REASON
    this.namesOf.set(member, named + 1)
    this.reasons.set(name, this.reasons.size)
    return this.reasons.size - 1
  }
}
