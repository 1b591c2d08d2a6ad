// `cyberalarm sent`: the ledger, readable. Every event that left this box, or waits to, with the receipt of its batch, and
// whether the chain of the record holds.
import { existsSync } from 'node:fs'
import { unpack, type WireEvent } from '../batch/unpack.ts'
import { Failure } from '../errors.ts'
import type { LedgerLine } from '../ledger/entries.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { grouped } from '../lib/table.ts'
import { visible } from '../lib/visible.ts'

/** An ISO time, or a span such as `2h`, `30m`, `7d` back from now; ms. Failure 'argument-wrong' otherwise. */
export function parseSince(text: string, now: number): number {
  const span = /^(\d{1,6})\s*([smhd])$/.exec(text)
  if (span !== null) return now - Number(span[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[span[2] as 's' | 'm' | 'h' | 'd']
  const time = Date.parse(text)
  if (Number.isNaN(time))
    throw new Failure('argument-wrong', `--since '${text}' is neither a time such as 2026-11-20T12:00:00Z nor a span such as 2h`)
  return time
}

export interface SentOptions {
  readonly folder: string
  readonly since: number
  readonly json: boolean
  print(text: string): void
}

/** Prints the entries from `since` on; throws Failure 'ledger-damaged' after them if the chain breaks anywhere. */
export function sent(options: SentOptions): void {
  let lines = 0
  let events = 0
  if (!existsSync(options.folder)) {
    if (!options.json) options.print('nothing has left this box yet')
    return
  }
  for (const line of readLedger(options.folder)) {
    lines++
    if (Date.parse(line.at) < options.since) continue
    if (line.entry.kind === 'batch') events += line.entry.rows
    if (options.json) options.print(JSON.stringify(forJson(line)))
    else for (const text of forPeople(line)) options.print(visible(text))
  }
  if (!options.json) options.print(`chain verified: ${grouped(lines)} entries, ${grouped(events)} events shown`)
}

const eventsOf = (body: string): WireEvent[] => {
  const batch = unpack(Buffer.from(body, 'base64'))
  return Array.from({ length: batch.rows }, (_, row) => batch.event(row))
}

function forJson({ at, entry }: LedgerLine): object {
  if (entry.kind !== 'batch') return { at, ...entry }
  const { body, totals: _, ...rest } = entry
  return { at, ...rest, events: eventsOf(body) }
}

const endpoint = (address: string | null, port: number | null): string => `${address ?? '?'}${port === null ? '' : ` port ${port}`}`

/** By input. */
function deafText(deafMs: Readonly<Record<string, number>> = {}): string {
  const inputs = Object.entries(deafMs)
  return inputs.length === 0 ? '' : `; nobody had listened for ${inputs.map(([input, ms]) => `${ms / 1000} s (${input})`).join(', ')}`
}

function forPeople({ at, entry }: LedgerLine): string[] {
  switch (entry.kind) {
    case 'batch':
      return [
        `${at}  batch ${entry.sequence}: ${grouped(entry.rows)} events of ${grouped(entry.messages)} messages`,
        ...eventsOf(entry.body).map(
          event =>
            `  ${new Date(event.time).toISOString().slice(0, 19)}Z  ${event.product.padEnd(10)} ${event.action.padEnd(12)} ${endpoint(event.source, event.sourcePort)} -> ${endpoint(event.destination, event.destinationPort)}${event.count > 1 ? `  ${event.count} times` : ''}  (${event.reason})`,
        ),
      ]
    case 'receipt':
      return [`${at}  receipt for batch ${entry.sequence}: stored by central at ${entry.receipt.storedAt}`]
    case 'shed':
      return [`${at}  shed${entry.first > 0 ? ` batches ${entry.first} to ${entry.last}` : ''}: ${entry.reason}`]
    case 'enrolled':
      return [`${at}  enrolled as ${entry.device}`]
    case 'start':
      return [`${at}  agent ${entry.version} started${entry.afterCleanStop ? '' : ' after an unclean shutdown'}${deafText(entry.deafMs)}`]
    case 'stop':
      return [`${at}  agent stopped`]
    case 'unknown':
      return [`${at}  ${entry.name}: of a newer release`]
    case 'begin':
    case 'counts':
      return []
  }
}
