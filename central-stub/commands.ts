// Commands of central as one table: what each is for, what it takes, and how it runs. `run` holds the folder; all others
// ask the central that runs, over the socket in its folder.
import { wholeNumber } from '../agent/lib/command-line.ts'
import type { Values } from '../agent/lib/command-table.ts'
import { visible, visibleLines } from '../agent/lib/visible.ts'
import type { Finding } from './findings/list.ts'
import { type QuotaLimits, quotaNames, quotaOptions } from './limits/quotas.ts'
import { askAdmin, FINDINGS_MAX } from './operator/admin.ts'
import { type BoxLook, boxesText } from './operator/boxes.ts'
import { type Command, command } from './operator/command.ts'
import { findingsText } from './operator/findings.ts'
import { lossesText } from './operator/losses.ts'
import { retentionCommands } from './operator/retention-commands.ts'
import type { LimitsReport, Stats, Top } from './operator/stats.ts'

const MIB = 1024 * 1024
const WIDTH = 10
const roomText: Readonly<Record<string, string>> = {
  enough: 'enough',
  scarce: 'scarce: members who have stored most have to wait',
  none: 'gone: nothing is stored until there is more',
}

export const common = { folder: { value: 'DIR', help: "central's folder: keys and data", required: true } } as const
const json = { help: 'print JSON instead of text' } as const
const runOptions = {
  host: { value: 'ADDRESS', help: 'address to listen on; 0.0.0.0 or :: for all', default: '127.0.0.1' },
  port: { value: 'PORT', help: 'TCP port; 0 for any free port', default: '8443' },
  name: { value: 'NAME', help: 'DNS name or address at which boxes reach it', default: 'localhost' },
  updates: { value: 'DIR', help: 'serve the update files of this folder below /v1/updates/ (docs/updates.md)' },
  'reserve-mib': { value: 'MIB', help: 'MiB of the disk that are kept free; without it a tenth, 1024 at most' },
  ...quotaOptions,
} as const

export const commands: readonly Command[] = [
  command({
    name: 'run',
    summary: 'start central; creates keys and database on first start',
    help: `Keeps keys and data in the folder (0700). Prints one line of JSON when it is ready:
  {"listening":"https://localhost:8443","pins":["sha256/..."]}
Boxes need both: the address, and the pin that identifies this central.
Back up the folder: without authority.pem every box has to enrol again; without seal.json
batches waiting on the boxes cannot be read.
A box that has stored as much as it may, and one that finds the disk of central full, keeps
what it has and tries again; \`stats\` shows both.`,
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
shed      batches that devices declared, signed, as discarded
lost      what never reached a device: dropped by its kernel, on connections that it cut, or while it did not listen
findings  how many are new since central started, and how long it takes from an event to a finding
refused   how often each refusal was given since central started (refusals.ts)
quotas    the members that have used most of what they may store`,
    example: 'node central-stub/main.ts stats --folder /var/lib/central',
    options: { json },
    run: async (folder, values) => {
      const limits = (await askAdmin(folder, { ask: 'limits' })) as LimitsReport
      // first, because the rest cannot be had while the database cannot be opened
      if (!values.json) console.log(limitsText(limits))
      const stats = (await askAdmin(folder, { ask: 'stats' })) as Stats
      console.log(values.json ? visible(JSON.stringify({ ...stats, limits })) : `\n${statsText(stats)}`)
    },
  }),
  command({
    name: 'boxes',
    summary: 'show how each box is, what is wrong and what to do',
    help: `The words are those that the box itself shows on its console and in \`cyberalarm status\`
(docs/health.md). A box that has not reported for 15 minutes is offline.`,
    example: 'node central-stub/main.ts boxes --folder /var/lib/central',
    options: { json },
    run: async (folder, values) => {
      const looks = (await askAdmin(folder, { ask: 'boxes' })) as BoxLook[]
      console.log(values.json ? visible(JSON.stringify(looks)) : boxesText(looks, Date.now()))
    },
  }),
  command({
    name: 'findings',
    summary: 'show what was found in the events of all members, and what to do about it',
    help: `The findings that changed last come first. Grade is that of the Admiralty system: the letter
says how far the reporting boxes can be relied on, the digit how sure the finding is.
Without a handshake the source may be forged by anybody, and nothing should be done to it.`,
    example: 'node central-stub/main.ts findings --folder /var/lib/central --limit 20',
    options: { limit: { value: 'COUNT', help: `how many, 1 to ${FINDINGS_MAX}`, default: '50' }, json },
    run: async (folder, values) => {
      const limit = wholeNumber('limit', values.limit, 1, FINDINGS_MAX)
      const findings = (await askAdmin(folder, { ask: 'findings', limit })) as Finding[]
      console.log(values.json ? visible(JSON.stringify(findings)) : findingsText(findings))
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
      console.log(values.json ? visible(JSON.stringify(top)) : topText(top))
    },
  }),
  ...retentionCommands,
]

async function run(folder: string, values: Values<typeof runOptions>): Promise<void> {
  process.umask(0o077)
  const { host, port, name, updates, 'reserve-mib': reserve } = values
  // only here, so that the commands that ask do not load a server and a database first
  const { startCentral } = await import('./central.ts')
  const { inspect } = await import('node:util')
  const central = await startCentral({
    folder,
    host,
    port: wholeNumber('port', port, 0, 65_535),
    name,
    updates,
    quotas: Object.fromEntries(quotaNames.map(one => [one, wholeNumber(one, values[one], 1, 1e14)])) as QuotaLimits,
    reserveBytes: reserve === undefined ? undefined : wholeNumber('reserve-mib', reserve, 1, 1e9) * MIB,
    // an error of the database may quote what a device sent
    report: error => console.error(visibleLines(inspect(error))),
  })
  console.log(JSON.stringify({ listening: central.url, pins: central.pins }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void central.close())
}

const ranking = (rows: Top['sources']): string[] => rows.map(({ name, count }) => `  ${String(count).padStart(12)}  ${visible(name)}`)

function statsText({ shed, perDevice, topSources, ...totals }: Stats): string {
  const lines = Object.entries(totals).map(([name, value]) => `${name.padEnd(WIDTH)}${value}`)
  lines.push(`${'shed'.padEnd(WIDTH)}${shed.batches} batches, ${shed.rows} rows, ${shed.messages} messages`, '')
  for (const one of perDevice) {
    lines.push(
      `${one.device}  batch ${one.sequence}  ${one.lastStoredAt ?? 'nothing yet'}  certificates ${one.certificates}  ${visible(one.member)}`,
    )
    const lost = lossesText(one.lost)
    if (lost !== undefined) lines.push(`${' '.repeat(WIDTH)}lost: ${lost}`)
  }
  return [...lines, '', 'sources', ...ranking(topSources)].join('\n')
}

function limitsText({ connections, requests, refusals, disk, damaged, members, correlation }: LimitsReport): string {
  const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`
  const [open, gaveWay, turnedAway] = [connections.open, connections.gaveWay, connections.turnedAway]
  return [
    `${'disk'.padEnd(WIDTH)}${mib(disk.freeBytes)} free of ${mib(disk.sizeBytes)}, ${mib(disk.reserveBytes)} kept in reserve: room is ${roomText[disk.room]}`,
    ...damaged.map(({ code, hour, said }) => `! The events of hour ${hour} cannot be read and are left out [${code}]: ${visible(said)}`),
    `${'database'.padEnd(WIDTH)}opened ${disk.openings === 1 ? 'once' : `${disk.openings} times`}`,
    `${'open'.padEnd(WIDTH)}${open} connections, ${requests.devices} requests of devices, ${requests.enrolling} of enrolment, ${requests.downloads} downloads of updates`,
    `${'closed'.padEnd(WIDTH)}${gaveWay} idle connections that gave way to others, ${turnedAway} that were turned away`,
    `${'findings'.padEnd(WIDTH)}${correlationText(correlation)}`,
    '',
    'refused',
    ...ranking(Object.entries(refusals).map(([name, count]) => ({ name, count }))),
    '',
    'quotas',
    ...members.map(({ member, percent }) => `  ${`${percent} %`.padStart(12)}  ${visible(member)}`),
  ].join('\n')
}

function correlationText({ events, findings, failed, lastLagMs, longestLagMs, dropped }: LimitsReport['correlation']): string {
  const lost = Object.values(dropped).reduce((sum, rows) => sum + rows, 0)
  return [
    `${findings} new in ${events} rows, ${(lastLagMs / 1000).toFixed(1)} s after they arrived (longest ${(longestLagMs / 1000).toFixed(1)} s)`,
    ...(failed === 0 ? [] : [`${failed} rounds failed and were done again`]),
    ...(lost === 0 ? [] : [`${lost} rows were dropped: memory or a member's share of the day was full`]),
  ].join('; ')
}

const topText = (top: Top): string =>
  Object.entries(top)
    .map(([name, rows]) => [name, ...ranking(rows)].join('\n'))
    .join('\n\n')
