// What the box keeps between boots, in two copies under checksums, and what it reports to the console. A file of which neither copy
// makes sense is as if it were absent, because a box must come up; it is set aside and reported.
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { type Fault, fault } from '../../../agent/errors.ts'
import { isErrorWithCode, writeDurable } from '../../../agent/lib/durable-file.ts'
import { copyOf, fromJson, mendState, toJson, writeState } from '../../../agent/lib/state-file.ts'
import { withoutSumLine, withSumLine } from '../../../agent/lib/summed.ts'
import { parseTable } from '../../../agent/settings/parse.ts'
import { memberTable, type ParsedMember, readMember } from './box-settings.ts'
import type { Applied, SourceReport } from './choose.ts'
import { type SourceName, sourceNames } from './sources/source.ts'

/** The text of a file; undefined if there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Writes a file unless it holds that already; true if it was written. */
export function writeIfOther(path: string, text: string, mode: number): boolean {
  if (readIfThere(path) === text) return false
  writeDurable(path, text, { mode })
  return true
}

/** Sources that a newer release adds are kept as they are. */
const seenSchema = z.looseObject({ settings: z.string(), code: z.string(), taken: z.boolean() })
const appliedSchema = z
  .object(
    Object.fromEntries(sourceNames.map(name => [name, seenSchema.optional()])) as Record<SourceName, z.ZodOptional<typeof seenSchema>>,
  )
  .catchall(z.unknown())

export function readApplied(path: string): { readonly applied: Applied; readonly faults: readonly Fault[] } {
  const { value, damage } = mendState(path, fromJson(z.object({ applied: appliedSchema }).parse))
  return { applied: (value?.applied ?? {}) as Applied, faults: storedFaults(damage, value !== undefined) }
}

export const keepApplied = (path: string, applied: Applied): void => keepState(path, toJson({ applied }), 0o600)
export const keepMember = (path: string, text: string): void => keepState(path, withSumLine(text), 0o640)

function keepState(path: string, text: string, mode: number): void {
  if (readIfThere(path) !== text || readIfThere(copyOf(path)) !== text) writeState(path, text, { mode })
}

const storedFaults = (damage: readonly string[], isRestored: boolean): Fault[] =>
  damage.length === 0 ? [] : [fault(isRestored ? 'file-restored' : 'file-lost', damage.join('; '))]

function decodeMember(bytes: Buffer): string {
  const text = withoutSumLine(bytes.toString('utf8'))
  if (text === undefined) throw new Error('is not what was written')
  return text
}

/**
 * Settings that were accepted before. An older or newer release may have written them: lines that this one does not take are
 * left out and reported, the others hold.
 */
export function readKept(path: string): { readonly parsed: ParsedMember; readonly faults: readonly Fault[] } {
  const { value, damage } = mendState(path, decodeMember, { mode: 0o640 })
  const damaged = storedFaults(damage, value !== undefined)
  const text = value ?? ''
  const parsed = readMember(text, path)
  if (parsed.faults.length === 0) return { parsed, faults: damaged }
  const leftOut = parsed.faults.map(({ text }) => fault('settings-wrong', `${text} (left out)`))
  const bad = new Set(parsed.faults.map(({ line }) => line))
  const rest = text.split('\n').map((line, i) => (bad.has(i + 1) ? '' : line))
  const again = readMember(rest.join('\n'), path)
  // what is still wrong is about no line: then nothing of it holds, and DHCP does
  return { parsed: again.faults.length === 0 ? again : readMember('', path), faults: [...damaged, ...leftOut] }
}

const imageSchema = z.object({ version: z.string(), base: z.string(), network: z.enum(['networkd', 'networkmanager']) })
export type ImageFacts = z.infer<typeof imageSchema>

/** Facts of the image. Throws if there are none: then this is no box, and nothing of the machine is ours to change. */
export function readImageFacts(path: string): ImageFacts {
  const read = imageSchema.safeParse(parseJson(readIfThere(path) ?? ''))
  if (!read.success) throw new Error(`${path} is missing or makes no sense: this is no CyberAlarm image`)
  return read.data
}

/** Settings that the image brings, as the agent's table reads them. */
export const readImageSettings = (path: string) => parseTable(memberTable, readIfThere(path) ?? '', path)

/** What the console learns of the settings; the shape of /run/cyberalarm-box/settings.json. */
export interface SettingsReport {
  readonly at: string
  readonly sources: readonly SourceReport[]
  readonly hostName: string
  readonly network: {
    readonly cards: readonly string[]
    /** The card that has the fixed addresses; null: every card takes DHCP. */
    readonly card: string | null
    readonly addresses: readonly string[]
    readonly gateways: readonly string[]
    readonly dns: readonly string[]
  }
  readonly timeServers: readonly string[]
  /** What went wrong beside the sources. */
  readonly notices: readonly Fault[]
  /** /var is a file system in memory: nothing outlasts a restart. */
  readonly isDataLost: boolean
}
