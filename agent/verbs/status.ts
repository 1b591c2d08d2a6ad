// `cyberalarm status`: how the agent is. Asks the running one; if none runs, tells what the disk knows and says so.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inputStatus, updateFacts } from '../agent-facts.ts'
import { Failure, fault } from '../errors.ts'
import { finding } from '../health/findings.ts'
import { type CheckStatus, type Finding, type InputStatus, type Status, startingSchema, statusSchema } from '../health/status-schema.ts'
import { askStatus } from '../health/status-socket.ts'
import { inputNames, sum } from '../ledger/accounting.ts'
import { foldLedger } from '../ledger/ledger-files.ts'
import { initialState } from '../ledger/state.ts'
import { agoText, bytesText, grouped, spanText, table } from '../lib/table.ts'
import { visible } from '../lib/visible.ts'
import type { Paths } from '../paths.ts'
import type { Settings } from '../settings/table.ts'
import { readIdentity } from '../uplink/identity.ts'

export async function readStatus(paths: Paths, settings: Settings, version: string): Promise<Status> {
  const live = await askStatus(paths.statusSocket)
  if (live === undefined) return fromDisk(paths, settings, version)
  const { data } = statusSchema.safeParse(live)
  if (data !== undefined) return data
  if (startingSchema.safeParse(live).success)
    throw new Failure('agent-starting', `The agent on ${paths.statusSocket} is starting and does not listen yet`)
  throw new Failure('agent-differs', `The agent on ${paths.statusSocket} answers with a status that version ${version} does not know`)
}

function fromDisk(paths: Paths, settings: Settings, version: string): Status {
  const { totals } = foldLedger(paths.ledger) ?? initialState()
  return {
    version,
    running: false,
    startedAt: null,
    device: readIdentity(paths.identity)?.stored.device ?? null,
    process: null,
    canary: null,
    dataPath: null,
    findings: [finding('problem', fault('agent-not-running', 'No agent is running'))],
    health: [],
    central: {
      url: settings['central.url'],
      lastReceiptAt: null,
      lastReceipt: null,
      lastAnswerAt: null,
      bytesSent: 0,
      failure: null,
      retryAt: null,
    },
    update: updateFacts(paths) ?? null,
    queue: { ...waitingIn(paths.spool), quotaBytes: settings['spool.quotaMiB'] * 1024 * 1024 },
    gateways: [],
    accounting: inputNames.map(name => inputStatus(name, totals[name], false)),
    sources: [],
    products: [],
    refused: {},
    unreadableShapes: [],
  }
}

/** What lies in the spool, without opening it: that is for the agent alone. */
function waitingIn(folder: string): { batches: number; bytes: number } {
  const names = existsSync(folder) ? readdirSync(folder).filter(name => /^\d{12}(-\d{12})?\.(?!damaged$|draft$)[a-z0-9-]+$/.test(name)) : []
  return { batches: names.length, bytes: sum(names.map(name => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)) }
}

export function statusText(status: Status, now: number): string {
  const { central, queue } = status
  const part = [
    `cyberalarm ${status.version}  ${status.running ? `running, started ${agoText(status.startedAt, now)}` : 'not running'}  device ${status.device ?? 'not enrolled'}`,
    ...status.findings.flatMap(finding => findingLines(finding, now)),
    '',
    ...healthText(status),
    `central   ${central.url || 'not set'}  last receipt ${agoText(central.lastReceiptAt, now)}${central.lastReceipt === null ? '' : ` (batch ${central.lastReceipt.sequence})`}  sent ${bytesText(central.bytesSent)}${central.retryAt === null ? '' : `  next attempt in ${Math.max(0, Math.round((Date.parse(central.retryAt) - now) / 1000))} s`}`,
    `queue     ${grouped(queue.batches)} ${queue.batches === 1 ? 'batch' : 'batches'}, ${bytesText(queue.bytes)} of ${bytesText(queue.quotaBytes)}`,
    ...(status.update === null ? [] : updateLines(status.update)),
    ...(status.process === null ? [] : [processText(status.process)]),
    ...(status.dataPath === null ? [] : [dataPathText(status.dataPath)]),
    ...status.sources.map(
      ({ name, address, counters, keepsConnections }) =>
        `listening ${name} ${address}${countersText(counters)}${keepsConnections === false ? '  (a restart closes its connections)' : ''}`,
    ),
    '',
    ...gatewaysText(status, now),
    '',
    ...accountingTable(status.accounting),
    ...lostText(status.accounting),
    ...droppedText(status.accounting),
    ...productsText(status.products),
    ...refusedText(status.refused),
  ]
  // each is one line: what an agent or central says cannot pass for another one
  return part.map(visible).join('\n')
}

/** All checks in one line: those that are not well are said above. */
function healthText({ health }: Status): string[] {
  if (health.length === 0) return []
  const of = (level: CheckStatus['level']) => health.filter(one => one.level === level)
  const unknown = of('unknown').map(({ check }) => check)
  const parts = [
    ...(of('bad').length > 0 ? [`${of('bad').length} bad`] : []),
    ...(of('warn').length > 0 ? [`${of('warn').length} to look at`] : []),
    `${of('ok').length} well`,
    ...(unknown.length === 0 ? [] : [`${unknown.length} not known: ${unknown.join(', ')}`]),
  ]
  return [`health    ${parts.join(', ')}`]
}

/** `!` marks what needs attention. */
function findingLines({ code, severity, detail, advice, since }: Finding, now: number): string[] {
  const span = since === undefined ? '' : ` for ${spanText(Math.max(0, Math.round((now - Date.parse(since)) / 1000)))}`
  const lines = `${detail} [${code}]${span}`.split('\n')
  return [`  ${severity === 'information' ? '-' : '!'} ${lines[0]}`, ...lines.slice(1).map(line => `    ${line}`), `    ${advice}`]
}

function updateLines({ text, release }: NonNullable<Status['update']>): string[] {
  return [
    `update    ${text}`,
    ...(release === null ? [] : [`release   ${release.version} (${release.number}), ${release.state}: ${release.text}`]),
  ]
}

const processText = ({ residentBytes, cpuSeconds, ...stall }: NonNullable<Status['process']>): string =>
  `process   ${bytesText(residentBytes)} of memory, ${Math.round(cpuSeconds)} s of CPU, longest stall ${Math.round(stall.longestStallLastHourMs)} ms in the last hour, ${Math.round(stall.longestStallSinceStartMs)} ms since start`

function dataPathText({ isWatched, ways, ageSeconds }: NonNullable<Status['dataPath']>): string {
  if (!isWatched) return 'watchdog  none: systemd did not start this agent, so nobody restarts it if it hangs'
  const shown =
    ways.length === 0
      ? 'the disk takes batches and the agent is never late (there is no listener for test messages)'
      : `test messages over ${ways.join(', ')} come back, last ${ageSeconds === null ? 'never' : `${spanText(Math.round(ageSeconds))} ago`}`
  return `watchdog  ${shown}`
}

const countersText = (counters: Readonly<Record<string, number>>): string =>
  Object.entries(counters)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `  ${name} ${grouped(value)}`)
    .join('')

function gatewaysText(status: Status, now: number): string[] {
  if (status.gateways.length === 0) return ['No gateway has sent anything yet.']
  const rows = status.gateways.map(gateway => [
    gateway.number,
    gateway.address,
    gateway.product ?? 'unknown',
    agoText(gateway.lastMessageAt, now),
    grouped(gateway.messages),
    gateway.messagesPerSecond,
    `${(gateway.parsed * 100).toFixed(1)} %`,
    gateway.clockOffsetSeconds === null ? '-' : spanText(gateway.clockOffsetSeconds),
  ])
  return table(['gateway', 'address', 'product', 'last message', 'messages', 'msg/s', 'parsed', 'clock offset'], rows).split('\n')
}

/** Where a product's own recogniser does not get along with its messages. */
function productsText(products: Status['products']): string[] {
  const parts = products
    .filter(({ unreadable }) => unreadable > 0)
    .map(({ product, claimed, unreadable }) => `${product} ${grouped(unreadable)} of ${grouped(claimed)}`)
  return parts.length === 0 ? [] : [`recognised but not parsed: ${parts.join(', ')}`]
}

function refusedText(refused: Status['refused']): string[] {
  const parts = Object.entries(refused)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${grouped(count)}`)
  return parts.length === 0 ? [] : [`unreadable because: ${parts.join(', ')}`]
}

/** What never became a message, besides what the kernel dropped. */
function lostText(accounting: readonly InputStatus[]): string[] {
  const parts = accounting.flatMap(({ input, connectionsCut, bytesCut, deafSeconds }) => [
    ...(connectionsCut === 0
      ? []
      : [`${input} ${grouped(connectionsCut)} ${connectionsCut === 1 ? 'connection' : 'connections'} cut, ${bytesText(bytesCut)} unread`]),
    ...(deafSeconds === 0 ? [] : [`${input} not heard for ${spanText(deafSeconds)}`]),
  ])
  return parts.length === 0 ? [] : [`lost besides: ${parts.join(', ')}`]
}

/** What was dropped, by the rules that did it. */
function droppedText(accounting: readonly InputStatus[]): string[] {
  const byRule = new Map<string, number>()
  for (const input of accounting)
    for (const [rule, count] of Object.entries(input.dropped)) byRule.set(rule, (byRule.get(rule) ?? 0) + count)
  const parts = [...byRule].sort((a, b) => b[1] - a[1]).map(([rule, count]) => `${rule} ${grouped(count)}`)
  return parts.length === 0 ? [] : [`dropped: ${parts.join(', ')}`]
}

/** One line an input, and one for all: what was received and where every message went. */
function accountingTable(accounting: readonly InputStatus[]): string[] {
  const columns = [
    'received',
    'sent',
    'merged',
    'droppedTotal',
    'ignored',
    'unreadable',
    'waiting',
    'spooled',
    'shed',
    'unaccounted',
  ] as const
  const rows = accounting.map(input => [
    input.input,
    ...columns.map(column => grouped(input[column])),
    input.kernelLost === null ? '-' : grouped(input.kernelLost),
  ])
  const total = ['all', ...columns.map(column => grouped(accounting.reduce((sum, input) => sum + input[column], 0))), '']
  return table(
    ['input', ...columns.map(column => (column === 'droppedTotal' ? 'dropped' : column)), 'lost by kernel'],
    [...rows, total],
  ).split('\n')
}
