// Commands of central as one table: what each is for, what it takes, and how it runs. `run` holds the folder; all others
// ask the central that runs, over the socket in its folder.
import { type AdminRequest, askAdmin } from './admin.ts'
import type { Stats, Top } from './stats.ts'

export class UsageError extends Error {}

type Values = Readonly<Record<string, string | boolean | undefined>>

export interface Command {
  readonly summary: string
  readonly usage: string
  readonly help: string
  readonly options: Readonly<Record<string, { type: 'string' | 'boolean' }>>
  readonly run: (values: Values) => Promise<void>
}

const string = { type: 'string' } as const
const boolean = { type: 'boolean' } as const

export const commands: Readonly<Record<string, Command>> = {
  run: {
    summary: 'start central; makes everything it needs on first start',
    usage: '--folder DIR [--host 127.0.0.1] [--port 8443] [--name localhost]',
    help: `Keeps keys and data in DIR (0700). Prints one line of JSON when it is ready:
  {"listening":"https://localhost:8443","pins":["sha256/..."]}
A box needs both: the address, and the pin by which it knows this central again.
--host  address to listen on; 0.0.0.0 or :: for all
--port  TCP port; 0 takes any that is free
--name  DNS name (or address) under which boxes reach it
Back up DIR: without authority.pem every box has to enrol again; without seal.json
what waits on the boxes cannot be read.`,
    options: { folder: string, host: string, port: string, name: string },
    run,
  },
  code: {
    summary: 'make an enrolment code for one box of a member',
    usage: '--folder DIR --member NAME [--hours 72]',
    help: `Prints the code. It is good for one box, once, for so many hours, and it is shown
only now: central keeps its hash. On the box: cyberalarm enrol CODE`,
    options: { folder: string, member: string, hours: string },
    run: async values => {
      const request: AdminRequest = { ask: 'code', member: needed(values, 'member'), hours: numberOf(values, 'hours', 72) }
      console.log(await askAdmin(needed(values, 'folder'), request))
    },
  },
  revoke: {
    summary: 'let a device in no longer',
    usage: '--folder DIR --device ID',
    help: `Revokes every certificate of the device, from this moment on. What it sent stays.
The box comes back with a fresh code, and keeps its id.`,
    options: { folder: string, device: string },
    run: async values => {
      const count = await askAdmin(needed(values, 'folder'), { ask: 'revoke', device: needed(values, 'device') })
      console.log(`${count} certificates revoked`)
    },
  },
  stats: {
    summary: 'what central holds: devices, batches, events, messages, shed, sources',
    usage: '--folder DIR [--json]',
    help: `rows      rows of events stored (repeats are merged into one row)
events    what those rows count
messages  messages of gateways behind them
shed      what devices have stated, signed, that they could not keep`,
    options: { folder: string, json: boolean },
    run: async values => {
      const stats = (await askAdmin(needed(values, 'folder'), { ask: 'stats' })) as Stats
      console.log(values.json === true ? JSON.stringify(stats) : statsText(stats))
    },
  },
  top: {
    summary: 'the ten most seen sources, ports, reasons and products',
    usage: '--folder DIR [--json]',
    help: 'Counts events, not rows, over everything stored.',
    options: { folder: string, json: boolean },
    run: async values => {
      const top = (await askAdmin(needed(values, 'folder'), { ask: 'top' })) as Top
      console.log(values.json === true ? JSON.stringify(top) : topText(top))
    },
  },
}

export function overview(): string {
  const lines = Object.entries(commands).map(([word, { summary }]) => `  ${word.padEnd(8)}${summary}`)
  return ['Usage: node central-stub/main.ts COMMAND --folder DIR', '', ...lines, '', 'COMMAND --help tells more.'].join('\n')
}

export const commandHelp = (word: string, { summary, usage, help }: Command): string =>
  `${word}: ${summary}\n\nUsage: node central-stub/main.ts ${word} ${usage}\n\n${help}`

async function run(values: Values): Promise<void> {
  process.umask(0o077)
  // only here, so that the commands that ask do not load a server and a database first
  const { startCentral } = await import('../central.ts')
  const central = await startCentral({
    folder: needed(values, 'folder'),
    host: textOf(values, 'host', '127.0.0.1'),
    port: numberOf(values, 'port', 8443),
    name: textOf(values, 'name', 'localhost'),
    report: error => {
      console.error(error)
      // DuckDB refuses everything after such an error until it is opened again: whoever supervises starts us anew
      if (error instanceof Error && error.message.includes('has been invalidated')) process.exit(1)
    },
  })
  console.log(JSON.stringify({ listening: central.url, pins: central.pins }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void central.close())
}

function textOf(values: Values, name: string, fallback: string): string {
  const value = values[name]
  return typeof value === 'string' ? value : fallback
}

function needed(values: Values, name: string): string {
  const value = textOf(values, name, '')
  if (value === '') throw new UsageError(`--${name} is missing: --help shows what the command takes`)
  return value
}

function numberOf(values: Values, name: string, fallback: number): number {
  const text = textOf(values, name, String(fallback))
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--${name} is a whole number, not '${text}'`)
  return Number(text)
}

const ranking = (rows: Top['sources']): string[] => rows.map(({ name, count }) => `  ${String(count).padStart(12)}  ${name}`)

function statsText({ shed, perDevice, topSources, ...totals }: Stats): string {
  const lines = Object.entries(totals).map(([name, value]) => `${name.padEnd(10)}${value}`)
  lines.push(`${'shed'.padEnd(10)}${shed.batches} batches, ${shed.rows} rows, ${shed.messages} messages`, '')
  for (const one of perDevice)
    lines.push(
      `${one.device}  batch ${one.sequence}  ${one.lastStoredAt ?? 'nothing yet'}  certificates ${one.certificates}  ${one.member}`,
    )
  return [...lines, '', 'sources', ...ranking(topSources)].join('\n')
}

const topText = (top: Top): string =>
  Object.entries(top)
    .map(([name, rows]) => [name, ...ranking(rows)].join('\n'))
    .join('\n\n')
