// Lives of a box on a disk that fails: one script, and what has to hold after it whatever failed.
import { rmSync } from 'node:fs'
import { Failure } from '../errors.ts'
import { type Paths, pathsBelow } from '../paths.ts'
import { close, keep, type Life, openLife, receive, type Sums, send, stop, sumsOf } from './box-life.ts'
import { type FailingDisk, Killed, type Trouble } from './failing-disk.ts'
import { ModelCentral } from './model-central.ts'

const ROWS = 3

/** What a life has to answer for. */
interface Lived {
  readonly central: ModelCentral
  /** Messages that were handed over. */
  received: number
  /** Of those, the ones of the last second before a kill. */
  lastSecond: number
  /** Whether the box said before it ended that the disk took not even its counts. */
  isSaid: boolean
}

/** Receipts, batches that wait, open ones on the disk, a full spool, files of the ledger that are full, a second gateway, a stop. */
export async function live(paths: Paths, lived: Lived): Promise<void> {
  const life = await openLife(paths)
  const next = (gateway?: string) => {
    lived.lastSecond = ROWS
    receive(life, lived.received, ROWS, gateway)
    lived.received += ROWS
    lived.lastSecond = 0
  }
  const isWell = await untilFailure(async () => {
    next()
    if (!(await keep(life))) return false
    next()
    if (!(await close(life))) return false
    await send(life, lived.central)
    for (const gateway of ['127.0.0.17', '127.0.0.18', '127.0.0.18', '127.0.0.19']) {
      next(gateway)
      if (gateway === '127.0.0.19') await keep(life)
      if (!(await close(life))) return false
    }
    life.outbox.append({ kind: 'counts', totals: life.accounts.snapshot() })
    await send(life, lived.central, 1)
    return true
  })
  if (isWell) next()
  if (isWell) await keep(life)
  await stop(life)
  lived.isSaid = life.ledger.checkpointFault !== undefined
}

/** False if it ended with a Failure, after which an agent tries again, or stops. */
async function untilFailure(what: () => Promise<boolean>): Promise<boolean> {
  try {
    return await what()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return false
  }
}

export interface Outcome {
  readonly sums: Sums
  readonly damage: readonly string[]
}

/** Starts the box again on a sound disk, sends what is there, and one batch more. Throws on anything that must not be. */
export async function after(paths: Paths, central: ModelCentral, received: number, mayLack: number): Promise<Outcome> {
  const life = await openLife(paths)
  try {
    await send(life, central)
    const sums = sumsOf(life)
    const lacking = received - sums.received
    check(sums.wrong === 0, `the accounting does not add up: ${JSON.stringify(life.accounts.totals.udp)}`)
    check(sums.kept === 0 && life.spool.length === 0, `something is held back: ${JSON.stringify(sums)}`)
    check(
      lacking <= 0 || lacking <= mayLack || life.ledger.damage.length > 0,
      `${lacking} messages are lost, and nobody says so: ${JSON.stringify(sums)}`,
    )
    check(sums.sent <= central.rows, `${sums.sent} events count as sent, and central has ${central.rows}`)
    // shed and all the same at central: counted twice, never lost
    check(central.rows <= sums.sent + sums.shed, `central has ${central.rows}: ${JSON.stringify(sums)}`)
    await another(life, central)
    return { sums, damage: [...life.damage, ...life.spool.damage] }
  } finally {
    life.ledger.close()
  }
}

async function another(life: Life, central: ModelCentral): Promise<void> {
  const before = central.rows
  receive(life, 1_000_000, ROWS)
  check(await close(life), `a new batch is not taken: ${life.batcher.diskFault?.detail}`)
  await send(life, central)
  check(central.rows === before + ROWS, 'a new batch does not reach central')
}

export function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

/** One life that meets `trouble` at call `at`; gives what went wrong afterwards, or '' if all held, or undefined if it has no such call. */
export async function liveWith(
  disk: FailingDisk,
  root: string,
  at: number,
  trouble: Trouble,
  isLasting = false,
): Promise<string | undefined> {
  const lived: Lived = { central: new ModelCentral(), received: 0, lastSecond: 0, isSaid: false }
  const paths = pathsBelow(root)
  disk.arm(at, trouble, isLasting)
  let isKilled = false
  try {
    await live(paths, lived)
  } catch (error) {
    isKilled = error instanceof Killed
    if (!isKilled) return `${disk.calls[at]}: the agent ends: ${error instanceof Error ? error.stack : error}`
  }
  const call = disk.calls[at]
  disk.disarm()
  if (call === undefined) return undefined
  try {
    await after(paths, lived.central, lived.received, isKilled ? lived.lastSecond : lived.isSaid ? lived.received : 0)
    return ''
  } catch (error) {
    return `${call}: ${error instanceof Error ? error.stack : error}`
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
