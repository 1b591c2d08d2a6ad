// Part `correlation`: from the arrival of an event at central to the end of the round that stores what it leads to, while 50,000 events
// a second arrive, with more and more stored. Beside the network: batches are put into the hour files as ingest does it.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { Arrivals, type ArrivedBatch } from '../../central-stub/arrivals/arrivals.ts'
import { Correlator } from '../../central-stub/correlation/correlator.ts'
import { Hot } from '../../central-stub/correlation/hot.ts'
import { Register } from '../../central-stub/register/register.ts'
import type { Context, Part } from './context.ts'
import { FLEET_MEMBERS, makeBatch, randomOf } from './fleet-events.ts'
import { figure, percentile } from './numbers.ts'

const RATE = 50_000
/** A group commit, as ingest makes them under load. */
const COMMIT_MS = 100
const BATCH_ROWS = 250
const HOUR_MS = 3_600_000
const HOURS = 24
/** Events of the day before, in millions. A hundred take some minutes, 3 GB of disk and 2 GB of memory. */
const STORED = { quick: [1], full: [1, 10, 100] }
const SECONDS = { quick: 5, full: 20 }
const PERCENTILES = [50, 99, 100]

export const correlationPart: Part = {
  name: 'correlation',
  title: 'from arrival at central to the finding',
  run: async context => {
    for (const millions of STORED[context.quick ? 'quick' : 'full']) await measure(context, millions)
  },
}

interface Arrived {
  readonly at: number
  /** Of all so far. */
  readonly rows: number
}

export async function measure({ temporary, quick, results, say }: Context, millions: number): Promise<void> {
  const folder = mkdtempSync(join(temporary, 'central-'))
  const random = randomOf(7)
  const sequences = new Map<number, number>()
  const nextBatch = (rows: number, from: number, to: number): ArrivedBatch => {
    const member = Math.floor(random() * FLEET_MEMBERS)
    const sequence = (sequences.get(member) ?? 0) + 1
    sequences.set(member, sequence)
    return makeBatch(random, sequence, member, rows, from, to)
  }
  // what is stored arrived in the 24 hours before; the last of them is the present one
  const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS
  let nowMs = startMs
  const register = Register.open(folder)
  const arrivals = await Arrivals.open(folder, { now: () => nowMs })
  register.transact(transaction => {
    for (let id = 1; id <= FLEET_MEMBERS; id++) {
      transaction.run('INSERT INTO members VALUES ($id, $name)', { id, name: `member ${id}` })
      transaction.run('INSERT INTO devices VALUES ($id, $name, $id, 0)', { id, name: `device ${id}` })
    }
  })
  try {
    const perHour = Math.ceil((millions * 1e6) / HOURS)
    for (let hour = 0; hour < HOURS; hour++) {
      nowMs = startMs + hour * HOUR_MS
      const second = (row: number) => nowMs / 1000 + (3500 * row) / perHour
      for (let row = 0; row < perHour; row += 50_000) {
        const count = Math.min(50_000, perHour - row)
        const batches: ArrivedBatch[] = []
        for (let at = 0; at < count; at += BATCH_ROWS)
          batches.push(nextBatch(Math.min(BATCH_ROWS, count - at), second(row + at), second(row + at + BATCH_ROWS)))
        await arrivals.append(batches)
      }
    }
    const seconds = SECONDS[quick ? 'quick' : 'full']
    const feedFrom = nowMs / 1000 + 3500
    const feed = Array.from({ length: (seconds * 1000) / COMMIT_MS }, (_, i) => {
      const at = feedFrom + (i * COMMIT_MS) / 1000
      return Array.from({ length: (RATE * COMMIT_MS) / 1000 / BATCH_ROWS }, () => nextBatch(BATCH_ROWS, at, at + 0.1))
    })
    const bytes = arrivals.hours().reduce((sum, { path }) => sum + statSync(path).size, 0)
    const hot = await Hot.open(await arrivals.connect())
    nowMs = startMs + HOURS * HOUR_MS - 60_000
    const correlator = new Correlator({ hot, register, hours: () => arrivals.hours(), now: () => nowMs })
    let began = performance.now()
    while (await correlator.round());
    const startSeconds = (performance.now() - began) / 1000
    began = performance.now()
    for (let part = 0; part < HOURS; part++) await correlator.backfill()
    const backfillSeconds = (performance.now() - began) / 1000
    const before = correlator.counts.findings
    const cpu = process.cpuUsage()
    began = performance.now()
    const { lags, commits } = await feedAndCorrelate(arrivals, correlator, feed)
    const wall = performance.now() - began
    const used = process.cpuUsage(cpu)
    const [{ n }] = register.read(z.object({ n: z.number() }), 'SELECT count(*) AS n FROM findings')
    hot.end()
    for (const p of PERCENTILES)
      results.add(
        `correlation.${millions}.p${p}`,
        `Arrival to finding, ${millions} million stored, ${p === 100 ? 'longest' : `${p} %`}`,
        's',
        percentile(lags, p) / 1000,
      )
    const micros = (used.user + used.system) / (feed.length * feed[0].length * BATCH_ROWS)
    results.add(`correlation.${millions}.cpu`, `CPU an event, ${millions} million stored`, 'µs', micros)
    results.add(`correlation.${millions}.commit`, `Group commit beside it, ${millions} million stored, 99 %`, 'ms', percentile(commits, 99))
    say(
      `  ${millions} million stored (${figure(bytes / 1e6)} MB): ${PERCENTILES.map(p => `p${p} ${figure(percentile(lags, p) / 1000)} s`).join(', ')}; commit p99 ${figure(percentile(commits, 99))} ms; ` +
        `CPU ${figure((used.user + used.system) / wall / 10)} % of a core, ${figure(micros)} µs an event; ${correlator.counts.findings - before} new findings of ${n}; ` +
        `start ${figure(startSeconds)} s and ${figure(backfillSeconds)} s for the day before; ${figure(process.memoryUsage.rss() / 1e6)} MB resident`,
    )
  } finally {
    await arrivals.close()
    register.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Puts the feed into the store at its pace, while rounds follow each other; ms of each, and of each commit. */
async function feedAndCorrelate(
  arrivals: Arrivals,
  correlator: Correlator,
  feed: readonly (readonly ArrivedBatch[])[],
): Promise<{ lags: number[]; commits: number[] }> {
  const waiting: Arrived[] = []
  const lags: number[] = []
  const commits: number[] = []
  let rows = correlator.counts.events
  let isFed = false
  const began = performance.now()
  const feeding = (async () => {
    for (const [i, batches] of feed.entries()) {
      await sleep(Math.max(0, began + i * COMMIT_MS - performance.now()))
      const at = performance.now()
      // due then, even if the one before took longer: what a box has to wait for is part of the lag
      const due = Math.min(at, began + i * COMMIT_MS)
      await arrivals.append(batches)
      commits.push(performance.now() - at)
      rows += batches.length * BATCH_ROWS
      waiting.push({ at: due, rows })
    }
    isFed = true
  })()
  while (!isFed || correlator.counts.events < rows) {
    const roundBegan = performance.now()
    const isBusy = await correlator.round()
    const ended = performance.now()
    while (waiting.length > 0 && waiting[0].rows <= correlator.counts.events) lags.push(ended - (waiting.shift()?.at ?? ended))
    await sleep(Math.max(1, (isBusy ? 100 : 20) - (ended - roundBegan)))
  }
  await feeding
  return { lags, commits }
}
