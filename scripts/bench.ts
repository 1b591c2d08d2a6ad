// `make bench`: the agent against the programs that do the same, with the same messages, on this machine, in one go.
// Prints tables, and leaves build/bench.json and build/bench.svg. Ends with 0 if everything could be measured.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { $, chalk } from 'zx'
import { UsageError, wholeNumber } from '../agent/lib/command-line.ts'
import { agentBehindRelay, agentOnNflog, agentOnSyslog, agentsOf, makeBox } from './bench/agent.ts'
import { chart } from './bench/chart.ts'
import type { Context, Part } from './bench/context.ts'
import { goals, judge } from './bench/goals.ts'
import { thisMachine } from './bench/machine.ts'
import { openPacketLog, type PacketLog } from './bench/packet-log.ts'
import { centralPart } from './bench/part-central.ts'
import { correlationPart } from './bench/part-correlation.ts'
import { costPart } from './bench/part-cost.ts'
import { highestPart } from './bench/part-highest.ts'
import { latencyPart } from './bench/part-latency.ts'
import { memoryPart } from './bench/part-memory.ts'
import { quietPart } from './bench/part-quiet.ts'
import { scalingPart } from './bench/part-scaling.ts'
import { startPart } from './bench/part-start.ts'
import { wirePart } from './bench/part-wire.ts'
import { goalsTable, machineText, measuresTable, ratiosTable } from './bench/report.ts'
import { Results } from './bench/results.ts'
import { rsyslog, rsyslogVersion } from './bench/rsyslog.ts'
import { buildSender } from './bench/sender.ts'
import type { Subject } from './bench/subject.ts'
import { ulogd, ulogdVersion } from './bench/ulogd.ts'
import { endUnfinished } from './bench/unfinished.ts'
import { makeDistinct, makePackets, makeWorkload } from './bench/workload.ts'
import { endWithUsage, readOptions } from './options.ts'

const parts: readonly Part[] = [
  costPart,
  quietPart,
  highestPart,
  wirePart,
  latencyPart,
  memoryPart,
  scalingPart,
  centralPart,
  correlationPart,
]
/** The last one takes long, and runs only if it is named. */
const named: readonly Part[] = [...parts, startPart]
/** A flood that says the same over and over: it becomes so few events that what is left is the way from packet to event. */
const REPEATED_PACKETS = 1000
/** Many enough that none comes again within a batch at 400,000 a second: repeats are merged, and would look cheap. */
const MESSAGES = { full: 1_000_000, quick: 200_000 }

const script = 'node scripts/bench.ts'
const options = readOptions({
  name: script,
  help: 'Runs the agent, rsyslogd and ulogd2 on the same messages on this machine, prints tables, and leaves build/bench.json\nand build/bench.svg.',
  example: `${script} --only cost --runs 3`,
  options: {
    quick: { help: 'fewer messages and one run: three minutes' },
    runs: { value: 'COUNT', help: 'how often each part is run, 1 to 100 (default 5; 1 with --quick)' },
    only: { value: 'PART', help: `one part: ${named.map(({ name }) => name).join(', ')} (start builds an image and runs only if named)` },
    against: { value: 'DIR', help: 'measure the release of another checkout in turn with this one, and no other programs' },
  },
  exitCodes: { 1: 'something could not be measured' },
})
const { quick } = options
const { runs, chosen } = choose()

const began = performance.now()
const say = (text: string) => console.log(`${chalk.dim(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s`)}  ${text}`)
const results = new Results()
const temporary = mkdtempSync(join(tmpdir(), 'ca-bench-'))
let packetLog: PacketLog | undefined
// what was started would outlive us otherwise, and the namespace with it
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(130))

const machine = thisMachine()
say(machineText(machine).replace('\n', `\n${' '.repeat(9)}`))
try {
  const context = await prepare()
  for (const part of chosen) {
    say(chalk.bold(part.title))
    try {
      await part.run(context)
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
      results.failures.push({ part: part.name, reason })
      say(chalk.red(`  ${part.name} failed: ${reason}`))
    }
  }
  tell(context)
} catch (error) {
  results.failures.push({ part: 'preparation', reason: String(error) })
  console.error(error)
} finally {
  await end(results.failures.length > 0 ? 1 : 0)
}

function choose(): { runs: number; chosen: readonly Part[] } {
  try {
    const chosen = options.only === undefined ? parts : named.filter(({ name }) => name === options.only)
    if (chosen.length === 0) throw new UsageError(`there is no part '${options.only}'`)
    return { runs: wholeNumber('runs', options.runs ?? (quick ? '1' : '5'), 1, 100), chosen }
  } catch (error) {
    if (error instanceof UsageError) endWithUsage(script, error)
    throw error
  }
}

async function prepare(): Promise<Context> {
  buildSender()
  await $`node scripts/build-release.ts`.quiet()
  const against = options.against === undefined ? undefined : resolve(options.against)
  if (against !== undefined) await $({ cwd: against })`${join(against, 'node_modules/.bin/node')} scripts/build-release.ts`.quiet()
  const workload = makeWorkload(temporary, MESSAGES[quick ? 'quick' : 'full'])
  say(workload.origin)
  const box = await makeBox(temporary)
  try {
    packetLog = await openPacketLog()
  } catch (error) {
    results.missing.push({ name: 'everything with NFLOG', reason: error instanceof Error ? error.message : String(error) })
  }
  const subjects =
    against === undefined
      ? withPeers(box)
      : inTurn(
          [agentOnSyslog(temporary, box), ...(packetLog === undefined ? [] : [agentOnNflog(temporary, box, packetLog)])],
          agentsOf(against, temporary, box, packetLog),
        )
  for (const { name, reason } of results.missing) say(chalk.yellow(`not compared with ${name}: ${reason}`))
  const repeats = makePackets(temporary, workload.truth, REPEATED_PACKETS)
  const files = { packets: makePackets(temporary, workload.truth), repeats, distinct: makeDistinct(temporary) }
  return { temporary, runs, quick, workload, ...files, box, packetLog, subjects, results, say }
}

function withPeers(box: string): Subject[] {
  const subjects: Subject[] = [agentOnSyslog(temporary, box), ...(quick ? [] : [agentBehindRelay(temporary, box)])]
  if (rsyslogVersion() === undefined) results.missing.push({ name: 'rsyslogd', reason: 'not installed (package rsyslog)' })
  else subjects.push(rsyslog(temporary))
  if (packetLog !== undefined) subjects.push(agentOnNflog(temporary, box, packetLog))
  if (ulogdVersion() === undefined) results.missing.push({ name: 'ulogd2', reason: 'not installed (packages ulogd2 and ulogd2-json)' })
  else if (packetLog !== undefined) subjects.push(ulogd(temporary, packetLog))
  return subjects
}

function inTurn(ours: readonly Subject[], theirs: readonly Subject[]): Subject[] {
  return ours.flatMap((one, i) => [one, theirs[i]])
}

function tell({ workload }: Context): void {
  const head = `${new Date().toISOString().slice(0, 10)}, ${runs} run${runs === 1 ? '' : 's'}${quick ? ', quick' : ''}`
  const ratios = ratiosTable(results)
  if (ratios !== '') console.log(`\n${chalk.bold(`Against ${options.against}`)}\n\n${ratios}`)
  console.log(
    `\n${chalk.bold('Measured')}  ${head}\n\n${measuresTable(results)}\n\n${chalk.bold('Goals')}\n\n${goalsTable(results)}\n\n${machineText(machine)}`,
  )
  const written = {
    when: new Date().toISOString(),
    machine,
    runs,
    quick,
    workload: workload.origin,
    goals: goals.map(goal => ({ ...goal, measured: goal.of(results), judgement: judge(goal, results) })),
    measures: results.toJson(),
    missing: results.missing,
    failures: results.failures,
  }
  mkdirSync('build', { recursive: true })
  writeFileSync('build/bench.json', `${JSON.stringify(written, null, 1)}\n`)
  writeFileSync('build/bench.svg', chart(results, `${head}; ${machine.processors} × ${machine.processor}, ${machine.system}`))
  console.log('\nbuild/bench.json and build/bench.svg hold the same.')
}

async function end(code: number): Promise<void> {
  await packetLog?.close()
  endUnfinished()
  rmSync(temporary, { recursive: true, force: true })
  process.exit(code)
}
