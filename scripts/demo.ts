// `make demo`: a central, a code, an agent enrolled in a folder of its own, messages through real sockets, and then where
// every one of them went. Ends with 0 only if every message is accounted for and central has what the ledger says.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chalk } from 'zx'
import { readLedger } from '../agent/ledger/ledger-files.ts'
import { bytesText, grouped, table } from '../agent/lib/table.ts'
import { pathsBelow } from '../agent/paths.ts'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { cyberalarm, startAgent, sums, until, writeSettings } from '../agent/testing/harness.ts'
import { statusText } from '../agent/verbs/status.ts'
import { askAdmin } from '../central-stub/operator/admin.ts'
import { demoGateways, sendAll } from './demo-traffic.ts'
import { readOptions } from './options.ts'

const { keep, fixtures } = readOptions({
  name: 'node scripts/demo.ts',
  help: 'Starts a central and an enrolled agent, sends the agent 20,000 messages, and accounts for each one.',
  example: 'node scripts/demo.ts --keep',
  options: {
    keep: { help: 'leave both running, and print how to inspect and stop them' },
    fixtures: { help: "send the project's own fixtures only, also where a collection of messages lies beside the project" },
  },
  exitCodes: { 0: 'every message is accounted for, and central has what the ledger says' },
})
const began = performance.now()
const step = (text: string) => console.log(`${chalk.dim(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`)

interface CentralStats {
  readonly rows: number
  readonly messages: number
}

interface Ranked {
  readonly name: string
  readonly count: number
}

const folder = mkdtempSync(join(tmpdir(), 'cyberalarm-demo-'))
const root = join(folder, 'box')
const centralFolder = join(folder, 'central')

step('starting a central service with new keys ...')
const central = await startCentralProcess(centralFolder)
writeSettings(root, central, { 'syslog.tls': '127.0.0.1:0' })
const code = await central.makeCode()
step(`central listens on ${central.url}; enrolling an agent with the code ${chalk.bold(code)} ...`)
const enrolled = await cyberalarm(root, 'enrol', code)
if (enrolled.code !== 0) throw new Error(enrolled.error)
step(enrolled.out.trim())
const agent = await startAgent(root)
const gateways = demoGateways(fixtures)
const total = gateways.reduce((sum, gateway) => sum + gateway.messages.length, 0)
step(`the agent listens for UDP on ${agent.udpPort}, TCP on ${agent.tcpPort} and TLS on ${agent.tlsPort}`)
step(`${gateways.length} gateways send ${grouped(total)} messages:`)

let sent = 0
const progress = setInterval(showProgress, process.stdout.isTTY ? 100 : 2000)
const ports = { udp: agent.udpPort, tcp: agent.tcpPort, tls: agent.tlsPort }
await Promise.all(gateways.map(gateway => sendAll(gateway, ports, () => sent++)))
clearInterval(progress)
showProgress()
if (process.stdout.isTTY) console.log()

step('waiting for the last receipt ...')
const status = await until(
  agent.status,
  now => {
    const { received, waiting, spooled } = sums(now)
    const lost = now.accounting.reduce((sum, input) => sum + (input.kernelLost ?? 0), 0)
    return received + lost >= total && waiting + spooled + now.queue.batches === 0
  },
  60_000,
)
const counts = sums(status)
const lost = status.accounting.reduce((sum, input) => sum + (input.kernelLost ?? 0), 0)
const { statistics, sources } = await askCentral()
let ledgerRows = 0
let ledgerMessages = 0
for (const { entry } of readLedger(pathsBelow(root).ledger)) {
  if (entry.kind !== 'batch') continue
  ledgerRows += entry.rows
  ledgerMessages += entry.messages
}

console.log(`\n${chalk.bold('Status of the agent')} (cyberalarm status)\n\n${statusText(status, Date.now())}`)
const { lastReceipt } = status.central
if (lastReceipt !== null)
  console.log(
    `\n${chalk.bold('The last receipt')}  batch ${lastReceipt.sequence}, stored ${lastReceipt.storedAt}\n  hash ${lastReceipt.hash}\n  signed ${lastReceipt.signature.slice(0, 44)}... by key ${lastReceipt.key}`,
  )
console.log(`\n${chalk.bold('The ten most active sources at central')}\n`)
console.log(
  table(
    ['source', 'events'],
    sources.map(({ name, count }) => [name, grouped(count)]),
  ),
)
const suspicious = counts.sent + counts.merged
console.log(
  `\n${chalk.bold('On the wire')}  ${bytesText(status.central.bytesSent)} in batches for ${grouped(suspicious)} suspicious events: ${chalk.bold(`${(status.central.bytesSent / suspicious).toFixed(2)} bytes each`)}`,
)

const checks: readonly (readonly [string, boolean])[] = [
  [
    `${grouped(total)} messages sent = ${grouped(counts.received)} received + ${grouped(lost)} lost by the kernel`,
    counts.received + lost === total,
  ],
  [`every received message is accounted for: ${counts.unaccounted} unaccounted`, counts.unaccounted === 0],
  [
    `central has ${grouped(statistics.rows)} events, the ledger ${grouped(ledgerRows)}`,
    statistics.rows === ledgerRows && ledgerRows === counts.sent,
  ],
  [
    `of ${grouped(statistics.messages)} messages at central, ${grouped(ledgerMessages)} in the ledger`,
    statistics.messages === ledgerMessages,
  ],
]
console.log()
for (const [text, isGood] of checks) console.log(`${isGood ? chalk.green('  ok') : chalk.red('FAIL')}  ${text}`)
process.exitCode = checks.every(([, isGood]) => isGood) ? 0 : 1

if (keep) {
  console.log(`\nBoth are left running. Inspect them with
  node_modules/.bin/node agent/main.ts status --watch --root ${root}
  node_modules/.bin/node agent/main.ts sent --since 1h --root ${root}
  node_modules/.bin/node central-stub/main.ts stats --folder ${centralFolder}
and stop them with
  ${stopLine(agent.child.pid!, central.child.pid!)}`)
  central.leaveRunning()
  process.exit()
}
await agent.kill('SIGTERM')
await central.kill()
rmSync(folder, { recursive: true })

/** For a shell; a process that has ended but that nobody has waited for has no /proc/ID/exe any more. */
function stopLine(...ids: readonly number[]): string {
  const isRunning = ids.map(id => `[ -e /proc/${id}/exe ]`).join(' || ')
  return `kill ${ids.join(' ')}; while ${isRunning}; do sleep 1; done; rm -r ${folder}`
}

function showProgress(): void {
  const share = sent / total
  const bar = `${'█'.repeat(Math.floor(share * 30))}${'░'.repeat(30 - Math.floor(share * 30))}`
  const text = `         ${bar} ${grouped(sent).padStart(6)} of ${grouped(total)}`
  if (process.stdout.isTTY) process.stdout.write(`\r${text}`)
  else console.log(text)
}

async function askCentral(): Promise<{ statistics: CentralStats; sources: readonly Ranked[] }> {
  const statistics = await askAdmin(centralFolder, { ask: 'stats' })
  const top = await askAdmin(centralFolder, { ask: 'top' })
  return { statistics: statistics as CentralStats, sources: (top as { sources: readonly Ranked[] }).sources }
}
