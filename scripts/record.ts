// `make record PRODUCT=examplewall [FILE=lines.txt]`: writes what is read now into the product's fixtures, for you to read the diff.
//   node scripts/record.ts PRODUCT [FILE]     FILE or standard input: new messages, one a line
// Known messages are recorded anew, new ones are put behind them. A message that the product does not claim, or that another one
// claims as well, is refused, and then nothing is written.
import { existsSync, fstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { EventRecord, toEcs } from '../agent/event.ts'
import { Message } from '../agent/message.ts'
import { recognisers } from '../agent/recognisers/index.ts'
import { Reading } from '../agent/recognisers/recogniser.ts'
import { readHeader } from '../agent/sources/syslog/syslog-header.ts'
import type { Fixture } from '../agent/testing/fixtures.ts'
import { realAddresses } from './real-addresses.ts'

export interface Recording {
  readonly fixtures: readonly Fixture[]
  readonly added: number
  /** Fixtures that read otherwise than they said. */
  readonly changed: number
  /** What is to be looked at, one sentence each. */
  readonly warnings: readonly string[]
}

/** What makes a recording impossible: one sentence a fault. */
export class Refusal extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
  }
}

const LINE_SHOWN = 80
const shown = (line: string): string => (line.length > LINE_SHOWN ? `${line.slice(0, LINE_SHOWN)}…` : line)

const message = new Message()
const event = new EventRecord()
const readings: ReadonlyMap<Reading, keyof typeof Reading> = new Map([
  [Reading.event, 'event'],
  [Reading.ignored, 'ignored'],
  [Reading.unreadable, 'unreadable'],
])

/** The line as a fixture, or who claims it in place of the product. */
function read(product: string, line: string): Fixture | string {
  const bytes = Buffer.from(line)
  readHeader(message, bytes, 0, bytes.length)
  const claims = recognisers.filter(one => one.claims(message) >= 0)
  const names = claims.map(({ name }) => name)
  if (names.length === 0) return 'no product claims it'
  if (names.length > 1 || names[0] !== product) return `${names.join(' and ')} ${names.length > 1 ? 'claim' : 'claims'} it`
  event.reset()
  const reading = readings.get(claims[0].read(message, event, claims[0].claims(message))) ?? 'unreadable'
  return reading === 'event' ? { line, reading, event: toEcs(event) } : { line, reading }
}

/** `fixtures` as they read now, and behind them those of `lines` that are new. Throws Refusal. */
export function record(product: string, fixtures: readonly Fixture[], lines: readonly string[]): Recording {
  const known = new Set(fixtures.map(({ line }) => line))
  const fresh = [...new Set(lines)].filter(line => line.trim() !== '' && !known.has(line))
  const all = [...known, ...fresh].map(line => ({ line, fixture: read(product, line) }))
  const faults = all.flatMap(({ line, fixture }) => (typeof fixture === 'string' ? [`${fixture}: ${shown(line)}`] : []))
  if (faults.length > 0) throw new Refusal(faults)
  const recorded = all.flatMap(({ fixture }) => (typeof fixture === 'string' ? [] : [fixture]))
  const before = new Map(fixtures.map(fixture => [fixture.line, JSON.stringify(fixture)]))
  const changed = recorded.filter(fixture => before.has(fixture.line) && before.get(fixture.line) !== JSON.stringify(fixture)).length
  const unread = recorded.filter(({ line, reading }) => reading === 'unreadable' && !known.has(line))
  const warnings = [
    ...unread.map(({ line }) => `is claimed and cannot be read: ${shown(line)}`),
    ...fresh.flatMap(line => realAddresses(line).map(address => `${address} is no documentation address: ${shown(line)}`)),
  ]
  return { fixtures: recorded, added: fresh.length, changed, warnings }
}

/** Text of a file of fixtures, one JSON object a line. */
export const fixturesText = (fixtures: readonly Fixture[]): string => fixtures.map(fixture => `${JSON.stringify(fixture)}\n`).join('')

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter(line => line !== '')

/** Lines of the file, or of standard input if something is piped into it. */
function inputLines(file: string | undefined): string[] {
  if (file !== undefined) return linesOf(readFileSync(file, 'utf8'))
  const input = fstatSync(0)
  return input.isFIFO() || input.isFile() ? linesOf(readFileSync(0, 'utf8')) : []
}

function main(product: string | undefined, file: string | undefined): void {
  const names = recognisers.map(({ name }) => name)
  const name = names.find(one => one === product)
  if (name === undefined) throw new Refusal([`make record PRODUCT=... [FILE=lines.txt], where PRODUCT is one of ${names.join(', ')}`])
  const path = join(import.meta.dirname, '../agent/recognisers/products', name, 'fixtures.jsonl')
  const fixtures = existsSync(path) ? linesOf(readFileSync(path, 'utf8')).map(line => JSON.parse(line) as Fixture) : []
  const recording = record(name, fixtures, inputLines(file))
  writeFileSync(path, fixturesText(recording.fixtures))
  for (const warning of recording.warnings) console.error(`check: ${warning}`)
  const shownPath = relative(process.cwd(), path)
  console.log(
    `${shownPath}: ${recording.added} added, ${recording.changed} changed, ${recording.fixtures.length} in all; read: git diff ${shownPath}`,
  )
}

if (import.meta.main) {
  try {
    // make hands the variables of its command line over as environment, where no shell can misread their spaces and quotes
    main(process.argv[2] ?? process.env.PRODUCT, process.argv[3] ?? (process.env.FILE || undefined))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    console.error(`nothing was recorded:\n${error.message}`)
    process.exitCode = 1
  }
}
