import t from 'tap'
import { emptyCounts, emptyRows, emptyTotals } from '../ledger/accounting.ts'
import { Accounts } from '../ledger/accounts.ts'
import { Ledger } from '../ledger/ledger.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { Spool } from '../spool/spool.ts'
import { Outbox } from './outbox.ts'

const MIB = 1024 * 1024
const receipt = { device: 'd', sequence: 1, hash: 'h', storedAt: '2026-11-20T12:00:00Z', key: 'k', signature: 's' }

t.test('a flush that fails keeps the batch, and acknowledging it again counts it once', async t => {
  const folder = t.testdir({ ledger: {}, spool: {} })
  const ledger = new Ledger(`${folder}/ledger`, MIB)
  const spool = new Spool(`${folder}/spool`, MIB)
  const accounts = new Accounts({ ...emptyTotals(), udp: { ...emptyCounts(), received: 5, spooled: 5 } })
  const byInput = { ...emptyRows(), udp: 5 }
  const chain = { previous: '0'.repeat(64), hash: '1'.repeat(64) }
  await spool.put({ kind: 'batch', first: 1, last: 1, rows: 5, messages: 5, byInput, value: 1, ...chain }, Buffer.from('frame'))
  const outbox = new Outbox(ledger, spool, accounts)
  const flush = ledger.flush.bind(ledger)
  ledger.flush = () => Promise.reject(new Error('EIO'))
  await t.rejects(outbox.acknowledge(receipt), { message: 'EIO' })
  t.equal(spool.length, 1, 'it is not removed before its receipt lasts')
  ledger.flush = flush
  await outbox.acknowledge(receipt)
  t.equal(spool.length, 0)
  t.match(accounts.totals.udp, { received: 5, spooled: 0, sent: 5 })
  ledger.close()
  t.equal([...readLedger(`${folder}/ledger`)].filter(({ entry }) => entry.kind === 'receipt').length, 1)
})
