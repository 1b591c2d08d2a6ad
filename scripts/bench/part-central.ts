// Part `central`: how many batches and events a second central takes in, from real frames over TLS, each with its receipt after both
// stores are on the disk. Boxes are a process of their own; what it takes of the processors is told beside, for they are the same ones.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startCentralProcess } from '../../agent/testing/central-process.ts'
import { askAdmin } from '../../central-stub/operator/admin.ts'
import { targetOf } from '../../central-stub/test-box.ts'
import type { LoadPlan, LoadReport } from './central-load.ts'
import type { Part } from './context.ts'
import { figure } from './numbers.ts'
import { type Cpu, cpuOf, cpuSeconds, peakResidentBytes } from './process-cost.ts'

/** Rows of a batch: a small site's, a busy one's, and a full one's. */
const sizes = [
  { rows: 10, batches: 30_000 },
  { rows: 250, batches: 20_000 },
  { rows: 24_576, batches: 240 },
] as const
/** As many requests as central has under way at once. */
const BOXES = 30

export const centralPart: Part = {
  name: 'central',
  title: 'what central takes in',
  run: async ({ temporary, runs, quick, results, say }) => {
    for (let run = 1; run <= runs; run++)
      for (const { rows, batches } of sizes) {
        const measured = await measure(join(temporary, `central-${rows}-${run}`), rows, quick ? batches / 4 : batches)
        const { report, central, boxes } = measured
        const seconds = report.ms / 1000
        const told = `from batches of ${rows} events`
        results.add(`central.batches.${rows}`, `Batches a second at central, ${told}`, '/s', report.receipts / seconds)
        results.add(`central.events.${rows}`, `Events a second at central, ${told}`, '/s', (report.receipts * rows) / seconds)
        results.add(`central.cost.${rows}`, `Central's CPU a batch, ${told}`, 'µs', (central * 1e6) / report.receipts)
        results.add(`central.answer.${rows}`, `Batch to receipt, 99th percentile, ${told}`, 'ms', report.answerMs.p99)
        say(
          `  ${run}/${runs} ${told}: ${figure(report.receipts / seconds)} batches and ${figure((report.receipts * rows) / seconds)} events a second; ` +
            `central ${figure(central / seconds)} and boxes ${figure(boxes / seconds)} processors; ` +
            `receipt after ${figure(report.answerMs.median)} ms, ${figure(report.answerMs.p99)} at p99; ${measured.peakMiB} MiB; other answers ${JSON.stringify(report.others)}`,
        )
      }
  },
}

interface Measured {
  readonly report: LoadReport
  /** Seconds of processors. */
  readonly central: number
  readonly boxes: number
  readonly peakMiB: number
}

async function measure(folder: string, rows: number, batches: number): Promise<Measured> {
  const central = await startCentralProcess(folder)
  try {
    const codes: string[] = []
    for (let i = 0; i < BOXES; i++) codes.push(String(await askAdmin(folder, { ask: 'code', member: `member ${i}`, hours: 1 })))
    const plan: LoadPlan = { target: targetOf({ port: Number(new URL(central.url).port) }, folder), codes, rows, batches }
    const child = spawn(process.execPath, [join(import.meta.dirname, 'central-load.ts'), JSON.stringify(plan)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    const pid = central.child.pid ?? 0
    const loadPid = child.pid ?? 0
    await once(lines, 'line')
    const before = [cpuOf(pid), cpuOf(loadPid)] as const
    const after: Cpu[] = []
    const said = once(lines, 'line')
    // it ends when it has said what came of it
    lines.once('line', () => after.push(cpuOf(pid), cpuOf(loadPid)))
    child.stdin.write('go\n')
    const report = JSON.parse(String((await said)[0])) as LoadReport
    const used = (i: 0 | 1) => cpuSeconds(after[i]) - cpuSeconds(before[i])
    return { report, central: used(0), boxes: used(1), peakMiB: Math.round(peakResidentBytes(pid) / 2 ** 20) }
  } finally {
    await central.kill()
  }
}
