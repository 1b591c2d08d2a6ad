// Each bit of each file that a box keeps is flipped, and each of its name; then the box is started on what that leaves.
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { SLOT_BYTES } from '../ledger/checkpoint.ts'

/** What became of a case; a fault of the program is text in `wrong`. */
export type Outcome = string
export interface Row {
  readonly file: string
  bits: number
  readonly outcomes: Map<Outcome, number>
}

export interface FlipRun {
  /** The folder with everything as it was. */
  readonly original: string
  /** Where a case is laid out. */
  readonly scratch: string
  /** Every so many bits one is taken; of names, which have few, 16 times as many. */
  readonly stride: number
  /** Starts on `scratch` and judges it; throws on what must not be. */
  judge(): Promise<Outcome>
}

export interface FlipResult {
  readonly rows: Row[]
  readonly wrong: string[]
}

/** What stands behind the line of a slot of the checkpoint means nothing: one bit in so many is taken. */
const IDLE_STRIDE = 4096
const isIdle = (file: string, bytes: Buffer, at: number): boolean => {
  const slot = at - (at % SLOT_BYTES)
  return basename(file) === 'checkpoint' && at > bytes.indexOf('\n', slot)
}

export async function flipAll(run: FlipRun): Promise<FlipResult> {
  const files = readdirSync(run.original, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(run.original, join(entry.parentPath, entry.name)))
    .sort()
  const result: FlipResult = { rows: [], wrong: [] }
  let turn = 0
  let nameTurn = 0
  for (const file of files) {
    const row: Row = { file, bits: 0, outcomes: new Map() }
    const name: Row = { file: `${file} (name)`, bits: 0, outcomes: new Map() }
    const bytes = readFileSync(join(run.original, file))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const isTaken = isIdle(file, bytes, bit >> 3) ? bit % (IDLE_STRIDE * run.stride) === 0 : turn++ % run.stride === 0
      if (!isTaken) continue
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] ^= 1 << (bit & 7)
      await oneCase(run, result, row, `${file} bit ${bit}`, () => writeFileSync(join(run.scratch, file), flipped))
    }
    const letters = Buffer.from(basename(file))
    for (let bit = 0; bit < letters.length * 8; bit++) {
      if (nameTurn++ % Math.ceil(run.stride / 16) !== 0) continue
      const flipped = Buffer.from(letters)
      flipped[bit >> 3] ^= 1 << (bit & 7)
      const other = Buffer.concat([Buffer.from(`${join(run.scratch, dirname(file))}/`), flipped])
      if (flipped.includes(0) || flipped.includes(0x2f) || existsSync(other)) continue
      await oneCase(run, result, name, `${file} bit ${bit} of its name`, () => renameSync(join(run.scratch, file), other))
    }
    result.rows.push(row, name)
  }
  return result
}

async function oneCase(run: FlipRun, { wrong }: FlipResult, row: Row, what: string, damage: () => void): Promise<void> {
  cpSync(run.original, run.scratch, { recursive: true })
  damage()
  let outcome: Outcome
  try {
    outcome = await run.judge()
  } catch (error) {
    outcome = 'WRONG'
    wrong.push(`${what}: ${error instanceof Error ? error.stack : error}`)
  }
  row.bits++
  row.outcomes.set(outcome, (row.outcomes.get(outcome) ?? 0) + 1)
  rmSync(run.scratch, { recursive: true, force: true })
}

/** For people: a line for each file. */
export const tableOf = (rows: readonly Row[]): string =>
  rows
    .filter(({ bits }) => bits > 0)
    .map(
      ({ file, bits, outcomes }) =>
        `${file.padEnd(58)} ${String(bits).padStart(7)}  ${[...outcomes].map(([what, count]) => `${what}: ${count}`).join(', ')}`,
    )
    .join('\n')
