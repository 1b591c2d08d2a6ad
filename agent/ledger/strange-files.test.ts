// Files of a ledger that are no files, or of another box.
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { emptyCounts, emptyRows, emptyTotals } from './accounting.ts'
import { CHAIN_START, type LedgerEntry } from './entries.ts'
import { Ledger } from './ledger.ts'
import { ledgerFiles } from './ledger-files.ts'

const MIB = 1024 * 1024
const at = new Date('2026-11-21T12:00:00Z')
const batch = (sequence: number, rows: number): LedgerEntry => {
  const totals = { ...emptyTotals(), udp: { ...emptyCounts(), received: rows, spooled: rows } }
  return { kind: 'batch', sequence, rows, messages: rows, byInput: { ...emptyRows(), udp: rows }, value: 1, totals, body: 'A' }
}

t.test('what is no file is set aside, wherever it stands: a link that leads nowhere, a folder, a pipe', async t => {
  for (const place of [1, 2, 'checkpoint'] as const)
    for (const kind of ['link', 'folder', 'pipe']) {
      const folder = t.testdir()
      const ledger = new Ledger(folder, MIB, { fileMaxBytes: 600 })
      for (let sequence = 1; ledgerFiles(folder).length < 2; sequence++) ledger.append(batch(sequence, 5), at)
      const { sequence } = ledger.state
      ledger.keep(ledger.state.totals, false)
      ledger.close()
      const path = join(folder, place === 'checkpoint' ? place : ledgerFiles(folder)[place - 1])
      rmSync(path)
      if (kind === 'link') symlinkSync('/nowhere/at/all', path)
      else execFileSync(kind === 'folder' ? 'mkdir' : 'mkfifo', [path])
      const again = new Ledger(folder, 700, { fileMaxBytes: 600 })
      t.equal(again.state.sequence, sequence, `${place} ${kind}`)
      for (let more = 1; more <= 6; more++) again.append(batch(sequence + more, 5), at)
      t.ok(ledgerFiles(folder).length <= 2, 'the quota is kept')
      again.close()
      rmSync(folder, { recursive: true })
    }
})

t.test('the checkpoint of another box is not believed', async t => {
  const folder = t.testdir({ ours: {}, theirs: {} })
  const make = (device: string, sequences: number) => {
    const ledger = new Ledger(join(folder, device), MIB, { device })
    ledger.append({ kind: 'enrolled', device, enrolment: device, sequence: 0, receipted: 0, hash: CHAIN_START }, at)
    for (let sequence = 1; sequence <= sequences; sequence++) ledger.append(batch(sequence, 5), at)
    ledger.keep(ledger.state.totals, false)
    ledger.close()
  }
  make('ours', 3)
  make('theirs', 2)
  cpSync(join(folder, 'theirs/checkpoint'), join(folder, 'ours/checkpoint'))
  const again = new Ledger(join(folder, 'ours'), MIB, { device: 'ours' })
  t.match(again.state, { device: 'ours', sequence: 3 })
  t.match(again.damage, [/not of this box/, /counts are those of/])
  again.close()
})

t.test('counts of which the last line was damaged stay known on a full disk, however often the box starts', async t => {
  const folder = t.testdir()
  const ledger = new Ledger(folder, MIB)
  for (let sequence = 1; sequence <= 3; sequence++) ledger.append(batch(sequence, 5), at)
  ledger.keep(ledger.state.totals, false)
  ledger.close()
  const path = join(folder, ledgerFiles(folder)[0])
  const bytes = readFileSync(path)
  bytes[bytes.length - 20] ^= 1
  writeFileSync(path, bytes)
  for (let start = 1; start <= 3; start++) {
    const again = new Ledger(folder, MIB)
    t.equal(again.state.sequence, 3, `start ${start}`)
    again.close()
  }
})
