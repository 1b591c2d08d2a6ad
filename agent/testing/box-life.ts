// The life of a box in process: opened from its folder as an agent opens it, batches, receipts, what is shed, files that are full, a
// stop. Thousands of lives take minutes, so that each can meet another fault of the disk. Central is its rules only.
import { createPublicKey } from 'node:crypto'
import { Batcher } from '../delivery/batcher.ts'
import { inputNames, unaccounted } from '../ledger/accounting.ts'
import { quietLog } from '../log.ts'
import { openStored, type StoredOptions } from '../open-stored.ts'
import type { Paths } from '../paths.ts'
import { Collector } from '../pipeline/collector.ts'
import { OpenBatches } from '../pipeline/open-batches.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import { writeIdentity } from '../uplink/identity.ts'
import type { Outgoing } from '../uplink/uplink.ts'
import { blockedLine } from './harness.ts'
import { madeIdentity } from './made-identity.ts'
import type { ModelCentral } from './model-central.ts'

type Size = Pick<StoredOptions, 'quotas' | 'ledgerFileMaxBytes'>
/** In the spool two small batches, of which the third sheds the first; in a file of the ledger some five lines. */
const SMALL: Size = { quotas: { ledger: 2 ** 30, spool: 3 * 4096 }, ledgerFileMaxBytes: 6_000 }
const DEVICE = '11111111-1111-4111-8111-111111111111'
/** What fails is not tried again: the agent stops. */
const stopping = AbortSignal.abort()

// they are large, and what they hold is nothing of the disk
let used = new OpenBatches()
const triage = new Triage(new Networks(['198.51.100.0/24']))

function emptyBatches(): OpenBatches {
  const left = used.take()
  if (left === undefined) used = new OpenBatches()
  else used.giveBack(left.batch)
  return used
}

/** Enrols a box at nobody. */
export async function makeIdentity(path: string): Promise<void> {
  writeIdentity(path, (await madeIdentity(DEVICE)).stored)
}

export type Life = Awaited<ReturnType<typeof openLife>>

/** A box whose spool has so much room, and a ledger as of an agent. */
export const withRoom = (spool: number): Size => ({ quotas: { ledger: 2 ** 30, spool } })

/** Opens a box; throws what an agent would not start with. */
export async function openLife(paths: Paths, size: Size = SMALL) {
  const stored = openStored({ ...size, paths, log: quietLog })
  const { ledger, spool, accounts, outbox, gateways, identity, wasStoppedCleanly, before } = stored
  outbox.appendOrDefer({ kind: 'start', version: '1', afterCleanStop: wasStoppedCleanly })
  const batches = emptyBatches()
  const collector = new Collector(accounts, batches, gateways, triage)
  const batcher = new Batcher({
    batches,
    accounts,
    outbox,
    log: quietLog,
    openBatch: paths.openBatch,
    pseudonymise: addresses => stored.pseudonyms.of(addresses),
    reported: before.totals,
    unreported: before.unreported,
    heard: () => ({ at: Date.now(), uptime: 0 }),
    identity,
    keepNumbers: stored.keepNumbers,
    numbering: () => gateways.accounting,
    stored: () => undefined,
  })
  await batcher.retryUntilWritten(stored.recover, stopping)
  const { fault } = stored.keeper
  const faults = [...stored.storedFaults, ...(fault === undefined ? [] : [fault])]
  const damage = [...faults.map(({ detail }) => detail), ...ledger.damage]
  return { identity, ledger, spool, accounts, outbox, collector, batcher, gateways, wasStoppedCleanly, damage }
}

/** Messages of a gateway, no two alike; and then a second passes. */
export function receive({ collector, outbox }: Life, from: number, count: number, gateway = '127.0.0.17'): void {
  const sink = collector.sinkFor('udp')
  for (let i = 0; i < count; i++) {
    const line = Buffer.from(blockedLine(from + i))
    sink.receivedAtMs = Date.now()
    sink.deliver(line, 0, line.length, gateway)
  }
  outbox.keepCounts()
}

/** Closes the open batch; false if the disk did not take it. */
export async function close({ batcher }: Life): Promise<boolean> {
  await batcher.closeOnce(stopping)
  return batcher.diskFault === undefined
}

/** What is open goes to the disk and stays open; false if the disk did not take it. */
export async function keep({ batcher }: Life): Promise<boolean> {
  await batcher.keepOnce()
  return batcher.diskFault === undefined
}

/** Sends the oldest batch; its receipt is lost. */
export function offer({ outbox, identity, spool }: Life, central: ModelCentral): Outgoing | undefined {
  const own = identity()
  const outgoing = own === undefined ? undefined : outbox.next(own)
  if (own === undefined || outgoing === undefined) return undefined
  central.take(outgoing, spool.oldest()?.segment.rows ?? 0, createPublicKey(own.privateKey))
  return outgoing
}

/** Sends `most` batches and statements, and has their receipts. */
export async function send(life: Life, central: ModelCentral, most = 100): Promise<void> {
  for (let i = 0; i < most; i++) {
    const outgoing = offer(life, central)
    if (outgoing === undefined) return
    const { sequence, hash } = outgoing
    const receipt = {
      device: DEVICE,
      sequence,
      hash,
      storedAt: '2026-11-20T12:00:00.000Z',
      key: '0'.repeat(16),
      signature: `${'A'.repeat(86)}==`,
    }
    await life.outbox.acknowledge(receipt)
  }
}

/** As the agent ends: what is open is closed, then the counts are kept. */
export async function stop(life: Life): Promise<void> {
  await life.batcher.closeOnce(stopping)
  life.outbox.appendOrDefer({ kind: 'stop', totals: life.accounts.snapshot() })
  life.outbox.keepCounts({ isStopped: true, isFlushed: true })
  life.ledger.close()
}

export interface Sums {
  readonly received: number
  readonly sent: number
  readonly shed: number
  /** In the open batch or in the spool. */
  readonly kept: number
  /** 0, or the accounting is wrong. */
  readonly wrong: number
}

export function sumsOf({ accounts }: Pick<Life, 'accounts'>): Sums {
  const all = inputNames.map(name => accounts.totals[name])
  const sum = (pick: (counts: (typeof all)[number]) => number) => all.reduce((total, counts) => total + pick(counts), 0)
  return {
    received: sum(counts => counts.received),
    sent: sum(counts => counts.sent),
    shed: sum(counts => counts.shed),
    kept: sum(counts => counts.waiting + counts.spooled),
    wrong: sum(
      counts => Math.abs(unaccounted(counts)) + Math.max(0, -Math.min(...[counts.sent, counts.shed, counts.waiting, counts.spooled])),
    ),
  }
}
