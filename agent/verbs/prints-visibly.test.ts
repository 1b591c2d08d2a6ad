// Whatever central, a gateway or a file says, what the verbs print holds nothing that a terminal obeys, and no line of its own.
import t, { type Test } from 'tap'
import { fault } from '../errors.ts'
import { finding } from '../health/findings.ts'
import { emptyRows, emptyTotals } from '../ledger/accounting.ts'
import { Ledger } from '../ledger/ledger.ts'
import { journalLines } from '../log.ts'
import { pathsBelow } from '../paths.ts'
import { parseSettings } from '../settings/table.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { sent } from './sent.ts'
import { readStatus, statusText } from './status.ts'

const codes = [
  ...Array.from({ length: 32 }, (_, code) => code).filter(code => code !== 10),
  ...Array.from({ length: 33 }, (_, code) => 0x7f + code),
  0x202e,
  0x2066,
  0x2028,
]
const evil = `${codes.map(code => String.fromCharCode(code)).join('')}\u001b[2J\u001b]0;title\u0007\nforged line`

function harmless(t: Test, printed: readonly string[]): void {
  const lines = printed.flatMap(text => text.split('\n'))
  t.notMatch(lines.join(''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  t.same(
    lines.filter(line => /^\s*forged line/.test(line)),
    [],
  )
  t.match(lines.join('\n'), /\\u001b\[2J.*forged line/, 'it is seen')
}

t.test('sent: receipts, reasons, versions and devices', async t => {
  const folder = temporaryFolder(t)
  const ledger = new Ledger(folder, 2 ** 20)
  const hash = '0'.repeat(64)
  ledger.append({ kind: 'start', version: evil, afterCleanStop: true }, new Date())
  ledger.append({ kind: 'enrolled', device: evil, enrolment: 'e', sequence: 1, receipted: 0, hash }, new Date())
  ledger.append({ kind: 'shed', first: 0, last: 0, byInput: emptyRows(), reason: evil }, new Date())
  const receipt = { device: 'd', sequence: 1, hash, storedAt: evil, key: 'k', signature: 's' }
  ledger.append({ kind: 'receipt', sequence: 1, rows: 0, byInput: emptyRows(), hash, receipt }, new Date())
  ledger.append({ kind: 'stop', totals: emptyTotals() }, new Date())
  ledger.close()
  const printed: string[] = []
  sent({ folder, since: 0, json: false, print: text => printed.push(text) })
  harmless(t, printed)
})

t.test('status: gateways, products, findings, sources and rules', async t => {
  const status = await readStatus(pathsBelow(temporaryFolder(t)), parseSettings(''), evil)
  const [input] = status.accounting
  const gateway = {
    number: 1,
    address: evil,
    product: evil,
    messages: 1,
    messagesPerSecond: 0,
    parsed: 1,
    clockOffsetSeconds: null,
    level: 'ok' as const,
  }
  const text = statusText(
    {
      ...status,
      device: evil,
      findings: [finding('problem', fault('central-refused', `first\n${evil.replaceAll('\n', '')}`))],
      central: { ...status.central, url: evil },
      gateways: [{ ...gateway, lastMessageAt: '2026-11-20T12:00:00Z' }],
      sources: [{ name: evil, address: evil, counters: { [evil]: 1 } }],
      accounting: [{ ...input, input: evil, dropped: { [evil]: 1 } }],
      products: [{ product: evil, claimed: 1, unreadable: 1 }],
      refused: { [evil]: 1 },
    },
    Date.now(),
  )
  harmless(t, [text])
})

t.test('log: every line has a level of ours, and one that follows is indented', async t => {
  const text = journalLines(4, `what happened: ${evil}\n  advice`)
  t.match(text, /^<4>what happened: .*\n<4> {2}forged line\n<4> {2}advice\n$/)
  t.notMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})
