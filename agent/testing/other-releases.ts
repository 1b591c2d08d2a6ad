// Stand-ins of other releases: they rewrite what this one left in the folder of a stopped box as an older or a newer release would
// have left it. The sums are right everywhere: nothing of it is damage.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { SLOT_BYTES } from '../ledger/checkpoint.ts'
import { CHAIN_START, decodeLine, hashOfLine } from '../ledger/entries.ts'
import { ledgerFiles } from '../ledger/ledger-files.ts'
import { copyOf } from '../lib/state-file.ts'
import { decodeSummed, encodeSummed, isSummed, sumOf } from '../lib/summed.ts'
import type { Paths } from '../paths.ts'

const objectSchema = z.record(z.string(), z.unknown())
type Members = z.infer<typeof objectSchema>
const decode = (text: string): Members => objectSchema.parse(decodeSummed(text.trimEnd()))

/** A member that no release has yet. */
export const weather = { rain: true }
/** An input that only the newer release has: 9 = 4 sent + 3 in a segment that only it can read + 2 in a place of its own. */
export const newInput = {
  received: 9,
  merged: 0,
  dropped: {},
  ignored: 0,
  unreadable: 0,
  waiting: 0,
  spooled: 3,
  sent: 4,
  shed: 0,
  parked: 2,
  lost: { kernel: 0, connections: 0, bytes: 0, deafMs: 0, hail: 1 },
}
export const NEWER_SEGMENT = '000000000000.probe'

/** Makes all lines of a ledger anew, each chained to the one before; `more` go behind the last. */
function rewriteLedger(folder: string, change: (entry: Members) => Members, isNewer: boolean, more: readonly Members[]) {
  const names = ledgerFiles(folder)
  let previous = CHAIN_START
  let bytes = 0
  for (const name of names) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
    const stored = lines.map(line => ({ ...decode(line), isKnown: decodeLine(line)?.entry.kind !== 'unknown' }) as Members)
    const at = stored.at(-1)?.at
    if (name === names.at(-1)) stored.push(...more.map(entry => ({ at, entry, isKnown: false })))
    const made = stored.map(({ at, entry, isKnown }) => {
      const told = { at, previous, entry: isKnown === true ? change(objectSchema.parse(entry)) : entry }
      const line = isNewer || isKnown !== true ? encodeSummed(told) : JSON.stringify(told)
      previous = hashOfLine(line)
      return `${line}\n`
    })
    writeFileSync(join(folder, name), made.join(''))
    bytes = Buffer.byteLength(made.join(''))
  }
  return { bytes, previous }
}

/** Changes the first line of each segment; the frame stays. */
function rewriteSegments(folder: string, change: (header: Members) => Members, encode: (header: Members) => string) {
  for (const name of readdirSync(folder)) {
    const data = readFileSync(join(folder, name))
    const end = data.indexOf(10)
    const header = change(decode(data.toString('utf8', 0, end)))
    writeFileSync(join(folder, name), Buffer.concat([Buffer.from(`${encode(header)}\n`), data.subarray(end + 1)]))
    if (header.kind === 'batch2') renameSync(join(folder, name), join(folder, name.replace('.batch', '.batch2')))
  }
}

const without = (members: Members, ...names: string[]): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))

/** As an older release has it, these are the bare bytes of the key. */
function pseudonymKeyIn({ pseudonymKey }: Paths): string {
  const bytes = readFileSync(pseudonymKey)
  return bytes.length === 16 ? bytes.toString('hex') : String(decode(bytes.toString('utf8')).key)
}

/** Before checksums, copies, the checkpoint, and what is counted as lost. */
export function leaveAsOlder(paths: Paths): void {
  const strip = (entry: Members): Members => {
    const rest = without(entry, 'heard', 'sockets', 'unreported', 'number', 'deafMs')
    if (rest.totals === undefined) return rest
    const totals = Object.entries(objectSchema.parse(rest.totals))
    const isOwn = (name: string) => name !== 'ipfix'
    return {
      ...rest,
      totals: Object.fromEntries(
        totals.map(([name, counts]) => [name, isOwn(name) ? without(objectSchema.parse(counts), 'lost') : counts]),
      ),
    }
  }
  rewriteLedger(paths.ledger, strip, false, [])
  rmSync(join(paths.ledger, 'checkpoint'))
  const isOwn = (header: Members) => typeof header.first === 'number'
  rewriteSegments(
    paths.spool,
    header => (isOwn(header) && header.kind !== 'batch2' ? without(header, 'frame') : header),
    header => (isOwn(header) ? JSON.stringify(header) : encodeSummed(header)),
  )
  writeFileSync(paths.identity, JSON.stringify(decode(readFileSync(paths.identity, 'utf8'))))
  writeFileSync(paths.pseudonymKey, Buffer.from(pseudonymKeyIn(paths), 'hex'))
  const { gateways } = decode(readFileSync(paths.gateways, 'utf8'))
  const addresses = z.array(z.object({ address: z.string() })).parse(gateways)
  writeFileSync(paths.gateways, JSON.stringify({ addresses: addresses.map(({ address }) => address) }))
  for (const path of [paths.identity, paths.pseudonymKey, paths.gateways]) rmSync(copyOf(path), { force: true })
}

/** Unknown kinds, inputs, places and members everywhere. */
export function leaveAsNewer(paths: Paths): void {
  const counted = (entry: Members): Members => {
    const added = { ...entry, weather }
    return entry.totals === undefined ? added : { ...added, totals: { ...objectSchema.parse(entry.totals), ipfix: newInput } }
  }
  const end = rewriteLedger(paths.ledger, counted, true, [{ kind: 'update', release: '9.0', totals: [] }])
  const checkpoint = join(paths.ledger, 'checkpoint')
  const bytes = readFileSync(checkpoint)
  const slots = [0, 1].map(i => bytes.toString('utf8', i * SLOT_BYTES, (i + 1) * SLOT_BYTES).split('\n', 1)[0])
  const newest = slots
    .filter(isSummed)
    .map(decode)
    .sort((a, b) => Number(b.generation) - Number(a.generation))[0]
  const text = `${encodeSummed({ ...newest, ...end, weather, state: counted(objectSchema.parse(newest.state)) })}\n`
  for (const i of [0, 1]) bytes.write(text, i * SLOT_BYTES)
  writeFileSync(checkpoint, bytes)
  rewriteSegments(
    paths.spool,
    header => ({ ...header, weather, ...(header.kind === 'batch' ? { kind: 'batch2' } : {}) }),
    header => encodeSummed(without(header, 'sum')),
  )
  const frame = Buffer.from('what this holds, only a newer release knows')
  const probe = { kind: 'probe', byInput: { ipfix: 3 }, weather, frame: { bytes: frame.length, sum: sumOf(frame) } }
  writeFileSync(join(paths.spool, NEWER_SEGMENT), `${encodeSummed(probe)}\n${frame}`)
  for (const path of [paths.identity, paths.pseudonymKey, paths.gateways]) {
    const stored = path === paths.pseudonymKey ? { key: pseudonymKeyIn(paths) } : decode(readFileSync(path, 'utf8'))
    const places = z
      .array(objectSchema)
      .optional()
      .parse('gateways' in stored ? stored.gateways : undefined)
    const more = places === undefined ? {} : { gateways: places.map(place => ({ ...place, weather })) }
    for (const each of [path, copyOf(path)]) writeFileSync(each, `${encodeSummed({ ...stored, ...more, weather })}\n`)
  }
}

/** The open batch with members that only a newer release has. */
export function openAsNewer({ openBatch }: Paths): void {
  writeFileSync(openBatch, `${encodeSummed({ ...decode(readFileSync(openBatch, 'utf8')), weather })}\n`)
}

/** Files that were set aside anywhere in a folder. */
export const setAsideIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter(name => name.endsWith('.damaged'))
    : []
