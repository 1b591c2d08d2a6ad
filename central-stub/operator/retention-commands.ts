// The operator's commands about what is kept, deleted and looked at (docs/retention.md).
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { UsageError, wholeNumber } from '../../agent/lib/command-line.ts'
import { visible } from '../../agent/lib/visible.ts'
import type { AuditPage } from '../retention/begin.ts'
import type { RetentionStatus } from '../retention/retention.ts'
import { askAdmin } from './admin.ts'
import { type Command, command } from './command.ts'
import { retentionText, statementsText } from './retention.ts'

const json = { help: 'print JSON instead of text' } as const
const GATEWAY_MAX = 0xffff
const RULE_MAX = 0xffff_ffff

export const retentionCommands: readonly Command[] = [
  command({
    name: 'retention',
    summary: 'show what is kept, what is late with being deleted, and by which clock',
    help: `Events that are not suspicious are deleted within 24 hours, others after nine quiet months
(docs/retention.md). Lines starting with ! need attention.`,
    example: 'node central-stub/main.ts retention --folder /var/lib/central',
    options: {
      'confirm-clock': { help: "central's clock is right: delete by it from now on, although it has jumped" },
      json,
    },
    run: async (folder, values) => {
      const status = (await askAdmin(folder, { ask: values['confirm-clock'] ? 'confirm-clock' : 'retention' })) as RetentionStatus
      console.log(values.json ? visible(JSON.stringify(status)) : retentionText(status))
    },
  }),
  command({
    name: 'recall',
    summary: 'delete events that a member takes back, at once and for good',
    help: `Names events of a member by their time, and if you like by gateway and by rule of the firewall.
They leave every file, and findings that rest on them go too. Events that arrive later are kept.`,
    example: `node central-stub/main.ts recall --folder /var/lib/central --member 'St Example School' \\
    --from 2026-12-01T08:00Z --to 2026-12-01T09:30Z --gateway 2`,
    options: {
      member: { value: 'NAME', help: 'the organisation, as `stats` shows it', required: true },
      from: { value: 'TIME', help: 'first second, ISO 8601 with zone: 2026-12-01T08:00Z', required: true },
      to: { value: 'TIME', help: 'last second', required: true },
      gateway: { value: 'NUMBER', help: 'only events of this gateway' },
      rule: { value: 'NUMBER', help: 'only events of this rule of the firewall' },
    },
    run: async (folder, { member, from, to, gateway, rule }) => {
      const rows = await askAdmin(folder, {
        ask: 'recall',
        member,
        first: second('from', from),
        last: second('to', to),
        ...(gateway !== undefined && { gateway: wholeNumber('gateway', gateway, 0, GATEWAY_MAX) }),
        ...(rule !== undefined && { rule: wholeNumber('rule', rule, 0, RULE_MAX) }),
      })
      console.log(`${rows} ${rows === 1 ? 'row' : 'rows'} deleted`)
    },
  }),
  command({
    name: 'statements',
    summary: 'show the signed statements of what was deleted',
    help: 'The last ones come last. `--json` prints them whole, one a line.',
    example: 'node central-stub/main.ts statements --folder /var/lib/central --last 50',
    options: { last: { value: 'NUMBER', help: 'how many', default: '20' }, json },
    run: async (folder, { last, json }) => {
      const most = wholeNumber('last', last, 1, 10_000)
      const statements = (await askAdmin(folder, { ask: 'statements', most })) as Record<string, unknown>[]
      console.log(json ? visible(statements.map(one => JSON.stringify(one)).join('\n')) : statementsText(statements))
    },
  }),
  command({
    name: 'audit',
    summary: 'show the head of the audit log, or export it for anybody to verify',
    help: `The log says what was done with events: collection, alteration, consultation, disclosure,
combination, erasure. Note the key and the head down elsewhere. Verify an export with
  node central-stub/audit/verify.ts FILE KEY`,
    example: 'node central-stub/main.ts audit --folder /var/lib/central --export audit.jsonl',
    options: { export: { value: 'FILE', help: 'write the log to this file, which must not be there yet' } },
    run: async (folder, { export: path }) => {
      const { key, head, next, lines } = await page(folder, 0)
      console.log(`key      ${key}\nhead     ${head.hash}\nentries  ${head.number}`)
      if (path !== undefined) await writeExport(folder, path, { lines, next })
    },
  }),
]

const page = async (folder: string, after: number): Promise<AuditPage> => (await askAdmin(folder, { ask: 'audit', after })) as AuditPage

/** A page after the other, so that neither side holds all of it. */
async function writeExport(folder: string, path: string, first: Pick<AuditPage, 'lines' | 'next'>): Promise<void> {
  const file = openSync(path, 'wx', 0o600)
  try {
    let { lines, next } = first
    for (;;) {
      if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`)
      if (next === undefined) break
      ;({ lines, next } = await page(folder, next))
    }
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function second(name: string, text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms) || ms < 0) throw new UsageError(`--${name} is a time with a zone, for example 2026-12-01T08:00Z`)
  return Math.floor(ms / 1000)
}
