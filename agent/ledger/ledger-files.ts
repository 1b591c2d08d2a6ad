// Reading the files of a ledger. A line that a disk damaged hides nothing that stands before or after it.
import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../errors.ts'
import { isErrorWithCode, isUnreadable, readIfPossible } from '../lib/durable-file.ts'
import { type Checkpoint, newerIn, readCheckpoint } from './checkpoint.ts'
import { CHAIN_START, decodeLine, hashOfLine, type LedgerLine } from './entries.ts'
import { applyEntry, initialState, type LedgerState } from './state.ts'

/** More than a file ever has, by far. */
const FILE_READ_MAX_BYTES = 256 * 1024 * 1024
const LINE_FEED = 10
const BRACE = 0x7b

export const ledgerName = (number: number): string => `${String(number).padStart(8, '0')}.ledger`

export const ledgerFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter(name => /^\d{8,}\.ledger$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))

export interface FoundLedger {
  readonly state: LedgerState
  /** Of the last file; 0 if there is none. */
  readonly number: number
  /** Where the next line goes in it; undefined if a new file has to begin. */
  readonly bytes: number | undefined
  /** Where its last line lacks the line feed. */
  readonly lineFeedAt: number | undefined
  readonly previous: string
  readonly generation: number
  /** Members of the checkpoint that only a newer release knows. */
  readonly newer: object
  /** Bytes of an unfinished line that a power cut left behind `bytes`. */
  readonly tornBytes: number
  /** What is wrong, for people. */
  readonly damage: readonly string[]
  /** Files that were made just before a power cut, and have no line. */
  readonly empty: readonly string[]
  /** Files of which nothing can be read. */
  readonly unusable: readonly string[]
  /** Files that say they have another name. */
  readonly misnamed: readonly { readonly name: string; readonly own: string }[]
}

/** Where a ledger stands, from its checkpoint and from the newest file that gives something; `device` tells those of this box from others. Changes nothing on the disk. */
export function findLedger(folder: string, device?: string): FoundLedger {
  const damage: string[] = []
  const checkpoint = readCheckpoint(folder, text => damage.push(text))
  const misnamed: { name: string; own: string }[] = []
  const names = ledgerFiles(folder)
  const empty: string[] = []
  const unusable: string[] = []
  let file: Replayed | undefined
  for (const name of names.toReversed()) {
    const found = replay(folder, name, checkpoint, device)
    if (found === 'empty') empty.push(name)
    else if (found === 'unusable') unusable.push(name)
    else if ('own' in found) misnamed.push({ name, own: found.own })
    else file = found
    if (file !== undefined) break
  }
  for (const name of names) if (!unusable.includes(name) && !isFile(join(folder, name))) unusable.push(name)
  const state = file?.state ?? initialState()
  const numbered = names.filter(name => !misnamed.some(each => each.name === name))
  const last = Math.max(0, ...numbered.map(name => Number.parseInt(name, 10)))
  const isMissing = checkpoint !== undefined && checkpoint.number > last
  const isBehind = checkpoint !== undefined && (file === undefined || checkpoint.number > file.number)
  if (isMissing && checkpoint.number > 0) damage.push(`${join(folder, ledgerName(checkpoint.number))} is missing`)
  if (isBehind) applyCheckpoint(state, checkpoint)
  const isOpen = file !== undefined && file.damage.length === 0 && !isBehind && unusable.length === 0
  const allDamage = [...damage, ...(file?.damage ?? []), ...unusable.map(name => `${join(folder, name)} cannot be read`)]
  const asOf = isBehind ? checkpoint.at : file?.at
  return {
    state,
    number: isOpen ? (file?.number ?? 0) : Math.max(last, checkpoint?.number ?? 0),
    bytes: isOpen ? file?.bytes : undefined,
    lineFeedAt: isOpen ? file?.lineFeedAt : undefined,
    previous: isBehind ? checkpoint.previous : (file?.previous ?? CHAIN_START),
    generation: checkpoint?.generation ?? 0,
    newer: newerIn(checkpoint),
    tornBytes: file?.tornBytes ?? 0,
    damage: allDamage.length === 0 ? [] : [...allDamage, asOf === undefined ? 'all counts are lost' : `the counts are those of ${asOf}`],
    empty,
    unusable,
    misnamed,
  }
}

interface Replayed {
  readonly number: number
  readonly state: LedgerState
  readonly bytes: number
  readonly lineFeedAt: number | undefined
  readonly tornBytes: number
  readonly previous: string
  /** Of which moment the state is. */
  readonly at: string
  readonly damage: readonly string[]
}

/** Applies the lines of a file, and at its place the checkpoint, which knows what the lines before it say. */
function replay(
  folder: string,
  name: string,
  checkpoint: Checkpoint | undefined,
  device: string | undefined,
): Replayed | { own: string } | 'empty' | 'unusable' {
  const path = join(folder, name)
  const text = readIfPossible(path, FILE_READ_MAX_BYTES)
  if (text === undefined) return 'unusable'
  const number = Number.parseInt(name, 10)
  const state = initialState()
  const damage: string[] = []
  const ours = checkpoint?.number === number ? checkpoint : undefined
  let isApplied = ours === undefined
  let previous: string | undefined
  let at = ''
  const apply = (place: number) => {
    if (isApplied || ours === undefined) return
    isApplied = true
    // behind whole lines it names the hash of the last one; that of another box does not
    const isOther = previous !== undefined && damage.length === 0 && place >= ours.bytes && previous !== ours.previous
    if (isOther && state.device === device && ours.state.device !== device) {
      damage.push(`${join(folder, 'checkpoint')} is not of this box`)
      return
    }
    applyCheckpoint(state, ours)
    at = ours.at
  }
  const { lines, lineFeedAt, bytes, tornBytes } = linesIn(text)
  for (const [i, { line, start }] of lines.entries()) {
    if (start >= (ours?.bytes ?? 0)) apply(start)
    const read = decodeLine(line)
    const fault = faultOfLine(read, previous)
    if (fault !== undefined) damage.push(`${path}:${i + 1} ${fault}`)
    if (read === undefined) previous = undefined
    if (read === undefined) continue
    previous = hashOfLine(line)
    at = read.at
    if (read.entry.kind === 'begin' && (read.entry.number ?? number) !== number) return { own: ledgerName(read.entry.number ?? number) }
    applyEntry(state, read.entry)
  }
  // an unfinished line begins as a line does; anything else without a line feed is damage
  if (lines.length === 0) return text.length === 0 || text[0] === BRACE ? 'empty' : 'unusable'
  if (at === '') return 'unusable'
  apply(bytes)
  return { number, state, bytes, lineFeedAt, tornBytes, previous: previous ?? hashOfLastWhole(lines), at, damage: damage.slice(0, 3) }
}

function hashOfLastWhole(lines: readonly Line[]): string {
  const line = lines.findLast(each => decodeLine(each.line) !== undefined)
  return line === undefined ? CHAIN_START : hashOfLine(line.line)
}

const faultOfLine = (read: LedgerLine | undefined, previous: string | undefined): string | undefined => {
  if (read === undefined) return 'is not what was written'
  return previous !== undefined && read.previous !== previous ? 'does not follow the line before it' : undefined
}

function applyCheckpoint(state: LedgerState, { state: kept }: Checkpoint): void {
  Object.assign(state, structuredClone(kept))
}

interface Line {
  readonly line: string
  readonly start: number
}

/** The lines of a file. A last one of which only the line feed is missing, or is another byte, is whole. */
function linesIn(text: Buffer) {
  const lines: Line[] = []
  let start = 0
  for (let end = text.indexOf(LINE_FEED); end >= 0; end = text.indexOf(LINE_FEED, start)) {
    lines.push({ line: text.toString('utf8', start, end), start })
    start = end + 1
  }
  for (const end of [text.length, text.length - 1]) {
    const line = text.toString('utf8', start, Math.max(start, end))
    if (line === '' || decodeLine(line) === undefined) continue
    return { lines: [...lines, { line, start }], lineFeedAt: end, bytes: end + 1, tornBytes: 0 }
  }
  return { lines, lineFeedAt: undefined, bytes: start, tornBytes: text.length - start }
}

/** False of a folder, a pipe, or a link that leads nowhere. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch (error) {
    if (isUnreadable(error) || isErrorWithCode(error, 'ENOENT')) return false
    throw error
  }
}

/**
 * All lines from the oldest file on, each checked against the one before. Failure 'ledger-damaged' at the end names the first
 * fault, so that it hides nothing that came after it.
 */
export function* readLedger(folder: string): Generator<LedgerLine> {
  let previous: string | undefined
  let damage: string | undefined
  for (const name of ledgerFiles(folder)) {
    const path = join(folder, name)
    const text = readIfPossible(path, FILE_READ_MAX_BYTES)
    // the agent may have removed it meanwhile, for room
    if (text === undefined && lstatSync(path, { throwIfNoEntry: false }) !== undefined) damage ??= `${path} cannot be read`
    if (text === undefined) previous = undefined
    // a line that a running agent is writing has no line feed yet
    for (const [i, { line }] of (text === undefined ? [] : linesIn(text).lines).entries()) {
      const read = decodeLine(line)
      const fault = faultOfLine(read, previous)
      if (fault !== undefined) damage ??= `${path}:${i + 1} ${fault}`
      previous = read === undefined ? undefined : hashOfLine(line)
      if (read !== undefined) yield read
    }
  }
  if (damage !== undefined) throw new Failure('ledger-damaged', damage)
}

/** The state of the ledger in a folder, without opening it for writing; undefined if there is none. */
export function foldLedger(folder: string): LedgerState | undefined {
  try {
    return findLedger(folder).state
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}
