// Commands of central as one table: what each is for, what it takes, and how it runs. `run` holds the folder; all others
// ask the central that runs, over the socket in its folder.
import { wholeNumber } from '../agent/lib/command-line.ts'
import type { Command as CommandLine, Options, Values } from '../agent/lib/command-table.ts'
import { askAdmin } from './operator/admin.ts'
import type { Stats, Top } from './operator/stats.ts'

interface Command<O extends Options = Options> extends CommandLine<O> {
  run(folder: string, values: Values<O>): Promise<void>
}

/** Lets the compiler know which options a command's `run` is given. */
const command = <const O extends Options>(row: Command<O>): Command => row

export const common = { folder: { value: 'DIR', help: "central's folder: keys and data", required: true } } as const
const json = { help: 'print JSON instead of text' } as const
const runOptions = {
  host: { value: 'ADDRESS', help: 'address to listen on; 0.0.0.0 or :: for all', default: '127.0.0.1' },
  port: { value: 'PORT', help: 'TCP port; 0 for any free port', default: '8443' },
  name: { value: 'NAME', help: 'DNS name or address at which boxes reach it', default: 'localhost' },
} as const

export const commands: readonly Command[] = [
  command({
    name: 'run',
    summary: 'start central; creates keys and database on first start',
    help: `Keeps keys and data in the folder (0700). Prints one line of JSON when it is ready:
  {"listening":"https://localhost:8443","pins":["sha256/..."]}
Boxes need both: the address, and the pin that identifies this central.
Back up the folder: without authority.pem every box has to enrol again; without seal.json
batches waiting on the boxes cannot be read.`,
    example: 'node central-stub/main.ts run --folder /var/lib/central --name central.example --host 0.0.0.0',
    options: runOptions,
    run,
  }),
  command({
    name: 'code',
    summary: 'create an enrolment code for one box of a member',
    help: `Prints the code. It is valid for one box, once, until it expires. It is shown only now:
central stores its hash. On the box: cyberalarm enrol`,
    example: "node central-stub/main.ts code --folder /var/lib/central --member 'St Example School'",
    options: {
      member: { value: 'NAME', help: 'the organisation that the box belongs to', required: true },
      hours: { value: 'HOURS', help: 'validity of the code', default: '72' },
    },
    run: async (folder, { member, hours }) =>
      console.log(await askAdmin(folder, { ask: 'code', member, hours: wholeNumber('hours', hours, 0, 999_999) })),
  }),
  command({
    name: 'revoke',
    summary: 'revoke the certificates of a device',
    help: `Revokes every certificate of the device immediately. Its events are kept.
The box can enrol again with a new code, and keeps its id.`,
    example: 'node central-stub/main.ts revoke --folder /var/lib/central --device 3b0c6a1e-0000-4000-8000-000000000000',
    options: { device: { value: 'ID', help: 'id of the device, as `stats` shows it', required: true } },
    run: async (folder, { device }) => console.log(`${await askAdmin(folder, { ask: 'revoke', device })} certificates revoked`),
  }),
  command({
    name: 'stats',
    summary: 'show stored devices, batches, events, messages, shed batches and sources',
    help: `rows      stored rows (repeats are merged into one row)
events    events those rows stand for
messages  gateway messages they came from
shed      batches that devices declared, signed, as discarded`,
    example: 'node central-stub/main.ts stats --folder /var/lib/central',
    options: { json },
    run: async (folder, values) => {
      const stats = (await askAdmin(folder, { ask: 'stats' })) as Stats
      console.log(values.json ? JSON.stringify(stats) : statsText(stats))
    },
  }),
  command({
    name: 'top',
    summary: 'show the ten most frequent sources, ports, reasons and products',
    help: 'Counts all stored events, not rows.',
    example: 'node central-stub/main.ts top --folder /var/lib/central --json',
    options: { json },
    run: async (folder, values) => {
      const top = (await askAdmin(folder, { ask: 'top' })) as Top
      console.log(values.json ? JSON.stringify(top) : topText(top))
    },
  }),
]

async function run(folder: string, { host, port, name }: Values<typeof runOptions>): Promise<void> {
  process.umask(0o077)
  // only here, so that the commands that ask do not load a server and a database first
  const { startCentral } = await import('./central.ts')
  const central = await startCentral({
    folder,
    host,
    port: wholeNumber('port', port, 0, 65_535),
    name,
    report: error => {
      console.error(error)
      // DuckDB refuses everything after such an error until it is opened again: the supervisor restarts us. Nothing but its
      // text tells it from other errors
      if (error instanceof Error && error.message.includes('has been invalidated')) process.exit(1)
    },
  })
  console.log(JSON.stringify({ listening: central.url, pins: central.pins }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void central.close())
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
