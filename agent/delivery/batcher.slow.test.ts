import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { EventRecord } from '../event.ts'
import { Accounts } from '../ledger/accounts.ts'
import { Ledger } from '../ledger/ledger.ts'
import { quietLog } from '../log.ts'
import { OpenBatches } from '../pipeline/open-batches.ts'
import { Spool } from '../spool/spool.ts'
import { until } from '../testing/harness.ts'
import { Batcher } from './batcher.ts'
import type { BatchSource } from './filled-batch.ts'
import { Outbox } from './outbox.ts'

const MIB = 1024 * 1024
const context = { gateway: 1, product: 1, reason: 0, sourceEndpoint: 0, destinationEndpoint: 0 }

t.test('wakes seldom while little comes, and closes a batch all the same', async t => {
  const folder = t.testdir({ ledger: {}, spool: {} })
  const batches = new OpenBatches()
  let waits = 0
  const counted: BatchSource = {
    get isLarge() {
      return batches.isLarge
    },
    closeInMs: isHurried => batches.closeInMs(isHurried),
    get keepInMs() {
      return batches.keepInMs
    },
    peek: () => batches.peek(),
    again: () => batches.again(),
    wait: (ms, signal) => {
      waits++
      return batches.wait(ms, signal)
    },
    take: () => batches.take(),
    giveBack: batch => batches.giveBack(batch),
  }
  const accounts = new Accounts()
  const ledger = new Ledger(`${folder}/ledger`, MIB)
  const batcher = new Batcher({
    batches: counted,
    accounts,
    outbox: new Outbox(ledger, new Spool(`${folder}/spool`, MIB), accounts),
    log: quietLog,
    openBatch: `${folder}/open-batch.json`,
    pseudonymise: addresses => addresses,
    reported: accounts.snapshot(),
    unreported: {},
    heard: () => ({ at: Date.now(), uptime: 0 }),
    identity: () => undefined,
    keepNumbers: () => undefined,
    numbering: () => ({}),
    stored: () => undefined,
  })
  const stopping = new AbortController()
  const closing = batcher.closeForever(stopping.signal)
  await sleep(1500)
  t.ok(waits <= 3, `${waits} times in 1.5 s`)
  const account = accounts.of('udp')
  account.received()
  batches.add(new EventRecord(), context, 'udp', 1)
  account.placedWaiting()
  // without an identity a batch that is closed is shed
  await until(
    () => accounts.totals.udp.shed,
    shed => shed === 1,
  )
  t.ok(waits <= 8, `${waits} times in all`)
  stopping.abort()
  await closing
  ledger.close()
})
