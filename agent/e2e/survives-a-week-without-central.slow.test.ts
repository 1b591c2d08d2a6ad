// Central is away for so long that the spool fills up: its room is never exceeded, the oldest of low value go first, and
// when central is back it gets everything that was kept, and for everything else a signed word that it will not come.
// A week is 302,400 batches of two seconds; here the room is as much smaller as the time is shorter.
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { receiptIn } from '../delivery/uplink-host.ts'
import { inputNames, sum, unaccounted } from '../ledger/accounting.ts'
import { quietLog } from '../log.ts'
import { pathsBelow } from '../paths.ts'
import { openLife, withRoom } from '../testing/box-life.ts'
import { blockedLine, temporaryFolder, until } from '../testing/harness.ts'
import { enrolOnce } from '../uplink/enrol.ts'
import { writeIdentity } from '../uplink/identity.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import { initialUplinkState, type UplinkHost, uploadForever } from '../uplink/uplink.ts'

t.setTimeout(300_000)
const BATCHES = 1500
const QUOTA_BYTES = 2 * 1024 * 1024
const loginLine = (number: number) =>
  `<38>Nov 20 12:00:00 bastion sshd[99]: Failed password for root from 192.0.2.${1 + (number % 250)} port ${1024 + number} ssh2`

const usedBytes = (folder: string) => sum(readdirSync(folder).map(name => Math.ceil(statSync(join(folder, name)).size / 4096) * 4096))

t.test('keeps within its room, sheds the oldest of low value, and tells central what will not come', async t => {
  const dir = temporaryFolder(t)
  const folder = join(dir, 'box')
  const centralFolder = join(dir, 'central')
  const first = await startCentral({ folder: centralFolder })
  const client = await openCentral({ url: first.url, pins: first.pins, proxy: '' })
  const paths = pathsBelow(folder)
  mkdirSync(paths.data, { recursive: true })
  const identity = writeIdentity(paths.identity, await enrolOnce(client, (await first.makeCode()).replaceAll('-', '')))
  await client.close()
  await first.close()

  const never = new AbortController().signal
  let box = await openLife(paths, withRoom(QUOTA_BYTES))
  let largest = 0
  let number = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const sink = box.collector.sinkFor('udp')
    // every tenth batch holds a failed login, which is worth more than what is blocked anyway
    const lines = batch % 10 === 0 ? [loginLine(number++)] : [blockedLine(number++), blockedLine(number++)]
    sink.receivedAtMs = Date.now()
    for (const line of lines) sink.deliver(Buffer.from(line), 0, line.length, '10.0.0.1')
    await box.batcher.closeOnce(never)
    if (batch % 25 === 0) largest = Math.max(largest, usedBytes(paths.spool))
    if (batch === BATCHES / 2) {
      box.ledger.close()
      box = await openLife(paths, withRoom(QUOTA_BYTES))
      t.equal(sum(inputNames.map(name => unaccounted(box.accounts.totals[name]))), 0, 'a restart in the middle of the week loses no count')
    }
  }
  t.ok(largest <= QUOTA_BYTES, `${largest} bytes at most, of ${QUOTA_BYTES}`)
  const { udp } = box.accounts.totals
  t.ok(udp.shed > 0 && udp.spooled > 0, `${udp.shed} events shed, ${udp.spooled} kept`)
  const logins = box.spool.batches.filter(segment => segment.value === 2).length
  t.equal(logins, BATCHES / 10, 'no batch of higher value was shed while there were others')

  const central = await startCentral({ folder: centralFolder })
  t.teardown(() => central.close())
  const done = new AbortController()
  const state = initialUplinkState()
  const host: UplinkHost = {
    identity: () => identity,
    superseded: () => done.signal,
    connect: ({ stored }) => openCentral({ url: central.url, pins: central.pins, proxy: '' }, stored),
    next: as => box.outbox.next(as),
    receiptIn,
    acknowledge: (_outgoing, receipt) => box.outbox.acknowledge(receipt),
    discard: sequence => box.outbox.discard(sequence),
    replace: () => undefined,
    wait: (ms, signal) => new Promise(resolve => (signal.aborted ? resolve() : setTimeout(resolve, Math.min(ms, 20)))),
  }
  const sending = uploadForever(host, state, quietLog, done.signal)
  await until(
    () => box.spool.length,
    length => length === 0,
    120_000,
  )
  done.abort()
  await sending
  t.equal(state.failure, undefined)
  t.match(udp, { received: number, spooled: 0, waiting: 0 })
  t.equal(unaccounted(udp), 0)
  const stats = await central.stats()
  t.equal(stats.rows, udp.sent, 'central has what the box says was sent')
  const [shed] = await central.read(z.object({ rows: z.bigint() }).loose(), 'SELECT coalesce(sum(rows), 0)::BIGINT AS rows FROM sheds')
  t.equal(Number(shed.rows), udp.shed, 'and knows of every event that will not come')
  t.equal(stats.perDevice[0].sequence, BATCHES, 'the chain has no gap')
  box.ledger.close()
})
