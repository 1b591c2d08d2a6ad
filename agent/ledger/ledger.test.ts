import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { encodeSummed } from '../lib/summed.ts'
import { addGrowth, emptyCounts, emptyRows, emptyTotals, growth, type InputCounts, noLosses, unaccounted } from './accounting.ts'
import { CHAIN_START, hashOfLine, type LedgerEntry } from './entries.ts'
import { Ledger } from './ledger.ts'
import { foldLedger, ledgerFiles, readLedger } from './ledger-files.ts'

const MIB = 1024 * 1024
const at = new Date('2026-11-21T12:00:00Z')
const batch = (sequence: number, rows: number, size = 10): LedgerEntry => {
  const totals = { ...emptyTotals(), udp: { ...emptyCounts(), received: rows, spooled: rows } }
  return { kind: 'batch', sequence, rows, messages: rows, byInput: { ...emptyRows(), udp: rows }, value: 1, totals, body: 'A'.repeat(size) }
}
const receipt = (sequence: number, rows: number): LedgerEntry => ({
  kind: 'receipt',
  sequence,
  rows,
  byInput: { ...emptyRows(), udp: rows },
  hash: 'ab'.repeat(32),
  receipt: { device: '', sequence, hash: 'ab'.repeat(32), storedAt: at.toISOString(), key: 'k', signature: 'c2ln' },
})

t.test('has the same state when it is opened again', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, MIB)
  ledger.append(batch(1, 5), at)
  ledger.append(receipt(1, 5), at)
  ledger.append(batch(2, 3), at)
  ledger.close()
  const again = new Ledger(folder, MIB)
  t.match(again.state, { sequence: 2, receipted: 1, hash: 'ab'.repeat(32), stoppedCleanly: false, lastBatch: { sequence: 2 } })
  t.equal([...readLedger(folder)].length, 4, 'with the line that begins the file')
  again.close()
})

t.test('a line that a power cut left unfinished is cut off, and reported', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, MIB)
  ledger.append(batch(1, 5), at)
  ledger.close()
  const file = join(folder, readdirSync(folder).filter(name => name.endsWith('.ledger'))[0])
  const whole = statSync(file).size
  appendFileSync(file, '{"at":"2026-11-21T12:00:01.000Z","prev')
  const again = new Ledger(folder, MIB)
  t.equal(again.tornBytes, 38)
  t.equal(statSync(file).size, whole)
  again.append(batch(2, 1), at)
  t.equal([...readLedger(folder)].length, 3)
  again.close()
})

t.test('reads what an older release wrote, and passes over what a newer one did', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, MIB)
  ledger.append(batch(1, 5), at)
  ledger.append({ kind: 'stop', totals: emptyTotals(), heard: { at: 7, uptime: 8 }, unreported: { 'udp.received': 9 } }, at)
  ledger.close()
  rmSync(join(folder, 'checkpoint'))
  const file = join(folder, ledgerFiles(folder)[0])
  const older = readFileSync(file, 'utf8').replaceAll(/,"(lost|heard|sockets|unreported)":\{[^{}]*\}|,"sum":"[0-9a-f]{8}"/g, '')
  t.notMatch(older, /"(lost|heard|sockets|unreported|sum)"/)
  const entries: object[] = older
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line).entry)
  const [begin, first, stop] = entries
  let previous = CHAIN_START
  const lines = [begin, first, stop, { kind: 'update', release: '9.0', totals: [] }, { ...stop, weather: { rain: true } }].map(entry => {
    const line = encodeSummed({ at: at.toISOString(), previous, entry })
    previous = hashOfLine(line)
    return line
  })
  writeFileSync(file, `${lines.join('\n')}\n`)
  const again = new Ledger(folder, MIB)
  t.match(again.state, { sequence: 1, stoppedCleanly: true, heard: undefined, sockets: {}, unreported: {} })
  t.same(again.state.totals.udp.lost, noLosses())
  t.same(again.damage, [])
  again.append(batch(2, 1), at)
  again.close()
  t.same(
    [...readLedger(folder)].map(({ entry }) => entry.kind),
    ['begin', 'batch', 'stop', 'unknown', 'stop', 'batch'],
  )
})

t.test('a new file of the ledger knows what the one before did', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, 64 * MIB)
  const heard = { at: 1, uptime: 2, drops: 3, sequences: { 514: 4 } }
  ledger.append({ kind: 'start', version: '1', afterCleanStop: true, sockets: { udp: 5 } }, at)
  ledger.append({ kind: 'stop', totals: emptyTotals(), heard, unreported: { 'udp.lost.kernel': 6 } }, at)
  const filler = batch(1, 1, 9 * MIB)
  ledger.append(filler, at)
  ledger.append({ kind: 'counts', totals: emptyTotals() }, at)
  ledger.close()
  rmSync(join(folder, 'checkpoint'))
  t.equal(ledgerFiles(folder).length, 2)
  const again = new Ledger(folder, 64 * MIB)
  t.match(again.state, { heard, sockets: { udp: 5 } })
  again.close()
})

t.test('refuses a record in which a line was changed, taken out, or put in', async t => {
  const changes: [string, (lines: string[]) => void][] = [
    [
      'changed',
      lines => {
        lines[1] = lines[1].replace('"rows":5', '"rows":4')
      },
    ],
    [
      'taken out',
      lines => {
        lines.splice(2, 1)
      },
    ],
    [
      'put in',
      lines => {
        lines.splice(2, 0, lines[1])
      },
    ],
    [
      'swapped',
      lines => {
        ;[lines[1], lines[2]] = [lines[2], lines[1]]
      },
    ],
    [
      'not JSON',
      lines => {
        lines[2] = 'x'
      },
    ],
  ]
  for (const [name, change] of changes) {
    const folder = join(t.testdir(), name)
    mkdirSync(folder)
    const ledger = new Ledger(folder, MIB)
    for (let i = 1; i <= 4; i++) ledger.append(batch(i, 5), at)
    ledger.close()
    const file = join(folder, readdirSync(folder).filter(name => name.endsWith('.ledger'))[0])
    const lines = readFileSync(file, 'utf8').split('\n')
    change(lines)
    writeFileSync(file, lines.join('\n'))
    t.throws(() => [...readLedger(folder)], { code: 'ledger-damaged' }, name)
    t.equal(readFileSync(file, 'utf8'), lines.join('\n'), 'and changes nothing on the disk')
    const next = new Ledger(folder, MIB)
    t.match(next.damage, [file], 'an agent that starts says so')
    next.append(batch(9, 1), at)
    next.close()
    t.equal(readFileSync(file, 'utf8'), lines.join('\n'), 'goes on with a new file, and keeps the damaged one')
    t.equal(foldLedger(folder)?.sequence, 9)
    const seen: string[] = []
    t.throws(
      () => {
        for (const { entry } of readLedger(folder)) seen.push(entry.kind)
      },
      { code: 'ledger-damaged' },
    )
    t.equal(seen.at(-1), 'batch', 'what follows the damage is read')
  }
})

t.test('a quarantined file hides nothing that came after it', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, 100 * MIB)
  for (let i = 1; i <= 20; i++) ledger.append(batch(i, 1, MIB), at)
  ledger.close()
  const last = join(folder, ledgerFiles(folder).at(-1) ?? '')
  writeFileSync(last, readFileSync(last, 'utf8').replace('"rows":1', '"rows":2'))
  const next = new Ledger(folder, 100 * MIB)
  next.append(batch(21, 1), at)
  next.close()
  const seen: number[] = []
  t.throws(
    () => {
      for (const { entry } of readLedger(folder)) if (entry.kind === 'batch') seen.push(entry.sequence)
    },
    { code: 'ledger-damaged' },
  )
  t.equal(seen.at(-1), 21)
  const [first] = readdirSync(folder)
  rmSync(join(folder, first))
  mkdirSync(join(folder, first))
  let read = 0
  t.throws(
    () => {
      for (const _ of readLedger(folder)) read++
    },
    { code: 'ledger-damaged', message: /cannot be read/ },
  )
  t.ok(read > 5, 'nor does a file that the disk gives back no more')
})

t.test('where the newest file gives nothing, what the one before says counts', async t => {
  const begun = (path: string) => writeFileSync(path, '{"kind":"beg')
  const unreadable = (path: string) => mkdirSync(path)
  const noise = (path: string) => writeFileSync(path, 'noise\n')
  const zeros = (path: string) => writeFileSync(path, Buffer.alloc(5000))
  for (const [name, make, isDamaged] of [
    ['begun', begun, false],
    ['unreadable', unreadable, true],
    ['noise', noise, true],
    ['zeros', zeros, true],
  ] as const) {
    const folder = join(t.testdir(), name)
    const ledger = new Ledger(folder, MIB)
    for (let i = 1; i <= 4; i++) ledger.append(batch(i, 5), at)
    ledger.close()
    make(join(folder, '00000002.ledger'))
    const next = new Ledger(folder, MIB)
    t.equal(next.state.sequence, 4, name)
    t.equal(next.damage.length > 0, isDamaged)
    next.append(batch(5, 5), at)
    next.close()
    t.equal([...readLedger(folder)].at(-1)?.entry.kind, 'batch', 'and the chain goes on')
  }
})

t.test('removes its oldest files when its quota is used up, and keeps its state', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, 20 * MIB)
  for (let i = 1; i <= 60; i++) ledger.append(batch(i, 1, MIB), at)
  ledger.close()
  const sizes = ledgerFiles(folder).map(name => statSync(join(folder, name)).size)
  t.ok(sizes.reduce((a, b) => a + b, 0) <= 30 * MIB, 'the quota, and the file that is being written')
  t.equal(foldLedger(folder)?.sequence, 60)
  t.ok([...readLedger(folder)].length > 10)
})

t.test('every message is at exactly one place, and growth is reported by flat names', async t => {
  const before = emptyTotals()
  const udp: InputCounts = {
    received: 20,
    sent: 1,
    merged: 2,
    ignored: 3,
    unreadable: 4,
    waiting: 2,
    spooled: 2,
    shed: 1,
    dropped: { 'session-end': 5 },
    lost: { kernel: 6, connections: 7, bytes: 8, deafMs: 9 },
  }
  t.equal(unaccounted(udp), 0)
  t.equal(unaccounted({ ...udp, received: 21 }), 1)
  t.strictSame(growth(before, { ...before, udp }), {
    'udp.received': 20,
    'udp.merged': 2,
    'udp.ignored': 3,
    'udp.unreadable': 4,
    'udp.shed': 1,
    'udp.dropped.session-end': 5,
    'udp.lost.kernel': 6,
    'udp.lost.connections': 7,
    'udp.lost.bytes': 8,
    'udp.lost.deaf-ms': 9,
  })
  t.strictSame(addGrowth({ 'udp.received': 1, 'udp.shed': 2 }, { 'udp.shed': 3, 'tls.shed': 4 }), {
    'udp.received': 1,
    'udp.shed': 5,
    'tls.shed': 4,
  })
})

t.test('what is written without a flush is there for a reader at once, across full files too, and lasts once flushed', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, 512 * MIB)
  const flushes: Promise<void>[] = []
  for (let i = 1; i <= 30; i++) {
    ledger.appendUnflushed(batch(i, 1, MIB), at)
    flushes.push(ledger.flush())
  }
  await Promise.all(flushes)
  t.equal(foldLedger(folder)?.sequence, 30)
  ledger.close()
  const numbers = [...readLedger(folder)].flatMap(({ entry }) => (entry.kind === 'batch' ? [entry.sequence] : []))
  t.same(
    numbers,
    Array.from({ length: 30 }, (_, i) => i + 1),
    'one chain, each once',
  )
  t.equal(new Ledger(folder, 512 * MIB).state.sequence, 30)
})
