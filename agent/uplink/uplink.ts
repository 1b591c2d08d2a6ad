// Sends what is in the spool, oldest first, one at a time, and removes only what central has acknowledged. One attempt and
// the loop are two functions. No refusal ends the loop: a box that gives up is a box that someone has to visit.
import { describe, Failure, type FailureCode, type Fault, faultOf } from '../errors.ts'
import { backoffMs } from '../lib/backoff.ts'
import type { Log } from '../log.ts'
import { isRenewalDue, RENEWAL_EVERY_MS, refusalOf, renewalPauseMs, renewOnce } from './enrol.ts'
import type { Identity } from './identity.ts'
import type { Answer, CentralClient } from './pinned-client.ts'
import type { Reporter } from './report.ts'

export interface UplinkReceipt {
  readonly device: string
  readonly sequence: number
  readonly hash: string
  readonly storedAt: string
  readonly key: string
  readonly signature: string
}

/** The next thing to send. `bytes` is the signed frame, `hash` what the receipt must name. */
export interface Outgoing {
  readonly sequence: number
  readonly hash: string
  readonly bytes: Uint8Array
}

/** What the agent provides to the uplink, which knows neither spool nor ledger. */
export interface UplinkHost {
  identity(): Identity | undefined
  /** Aborted once the box was enrolled again, until `identity` gives the new one. */
  superseded(): AbortSignal
  connect(identity: Identity, signal: AbortSignal): Promise<CentralClient>
  next(identity: Identity): Outgoing | undefined
  /** The receipt in the answer to what was sent, if it has the form of one and carries central's signature. */
  receiptIn(answer: Answer, identity: Identity, outgoing: Outgoing): UplinkReceipt | undefined
  acknowledge(outgoing: Outgoing, receipt: UplinkReceipt): void | Promise<void>
  /** Central has rejected this batch again and again: it must not block later ones. */
  discard(sequence: number): void
  replace(identity: Identity['stored']): void
  /** Tells central how the box is, beside the batches. */
  readonly reporter?: Reporter
  /** Resolves when there may be something to do, or when `ms` are over. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface UplinkState {
  /** True while a batch is being sent: it has to be there when its receipt comes. */
  isSending: boolean
  lastReceiptAt: number
  lastReceipt: UplinkReceipt | undefined
  /** Since when something waits and no receipt came; 0 while nothing waits. */
  waitingSince: number
  bytesSent: number
  attempts: number
  failuresInARow: number
  /** What went wrong last, since when it is this, and when it was tried last; cleared by the next receipt. */
  failure: (Fault & { readonly since: number; readonly at: number }) | undefined
  retryAt: number
  /** Our clock less central's in ms, as the last answer says; undefined before the first. */
  clockErrorMs: number | undefined
  /** Which version of the call for batches central takes, as far as it has said. From 2 on it reads their compact form. */
  centralVersion: number
}

export const initialUplinkState = (): UplinkState => ({
  isSending: false,
  lastReceiptAt: 0,
  lastReceipt: undefined,
  waitingSince: 0,
  bytesSent: 0,
  attempts: 0,
  failuresInARow: 0,
  failure: undefined,
  retryAt: 0,
  clockErrorMs: undefined,
  centralVersion: 1,
})

/** The clock of this machine was set: what the state says of the past and of the next attempt stays as long ago, or as far ahead. */
export function moveTimes(state: UplinkState, jumpMs: number): void {
  const moved = (at: number) => (at === 0 ? 0 : at + jumpMs)
  const { failure, lastReceiptAt, waitingSince, retryAt } = state
  Object.assign(state, { lastReceiptAt: moved(lastReceiptAt), waitingSince: moved(waitingSince), retryAt: moved(retryAt) })
  if (failure !== undefined) state.failure = { ...failure, since: moved(failure.since), at: moved(failure.at) }
}

/** By the clock of this machine, or by central's, if this one is behind: central's decides when a certificate has expired. */
const latestOf = ({ lastReceipt }: UplinkState): number => Math.max(Date.now(), Date.parse(lastReceipt?.storedAt ?? '') || 0)

/** Sends one frame and gives its receipt. Throws a Failure. */
async function uploadOnce(
  host: UplinkHost,
  client: CentralClient,
  identity: Identity,
  outgoing: Outgoing,
  signal: AbortSignal,
  state: UplinkState,
): Promise<UplinkReceipt> {
  const isFirstVersion = state.centralVersion < 2
  const answer = await client.post(isFirstVersion ? '/v1/batches' : '/v2/batches', outgoing.bytes, signal)
  state.clockErrorMs = answer.clockErrorMs
  // central is an older one again
  if (answer.status === 404) state.centralVersion = 1
  if (answer.status !== 200) throw new Refused(refusalOf(answer), answer)
  const receipt = host.receiptIn(answer, identity, outgoing)
  const { sequence, hash } = outgoing
  if (receipt?.device !== identity.stored.device || receipt.sequence !== sequence || receipt.hash !== hash)
    throw new Failure('receipt-wrong', `the answer to batch ${sequence} is not a valid receipt for it`)
  if (isFirstVersion) state.centralVersion = versionIn(answer.body)
  return receipt
}

/** What central says beside its receipt that it takes; one that says nothing takes the first version. */
const versionIn = (body: unknown): number => (typeof body === 'object' && body !== null && 'version' in body && body.version === 2 ? 2 : 1)

const IDLE_MS = 60_000
/** How soon a new identity is looked for again. */
const STEP_MS = 1000
/** Statuses that reject the bytes themselves: sending the same bytes again will not help. */
const REJECTING_STATUSES = [400, 413, 415, 422]
const REJECTIONS_MAX = 8
/** A central that answers differently each time shall not fill the log: of each kind one line in this time. */
const SAID_EVERY_MS = 600_000

class Refused extends Failure {
  readonly answer: Answer
  constructor(failure: Failure, answer: Answer) {
    super(failure.code, failure.message)
    this.answer = answer
  }
}

/** Until the signal is aborted. */
export async function uploadForever(host: UplinkHost, state: UplinkState, log: Log, signal: AbortSignal): Promise<void> {
  let open: Open | undefined
  let renewAt = 0
  let renewals = 0
  /** By performance.now(): the clock may be set. */
  const saidAt = new Map<FailureCode, number>()
  /** The failure of the state, if the log has it. */
  let said: FailureCode | undefined
  let last: Identity | undefined
  let rejected: { identity: Identity | undefined; sequence: number; refusals: number } | undefined
  while (!signal.aborted) {
    const identity = host.identity()
    const superseded = host.superseded()
    // whoever was given another identity has talked to central: what went wrong before that is over
    if (last !== undefined && identity !== last)
      Object.assign(state, { failure: undefined, failuresInARow: 0, retryAt: 0, centralVersion: 1 })
    last = identity
    const attempt = AbortSignal.any([signal, superseded])
    let outgoing: Outgoing | undefined
    try {
      if (rejected !== undefined && (rejected.identity !== identity || rejected.refusals >= REJECTIONS_MAX)) {
        if (rejected.identity === identity) host.discard(rejected.sequence)
        rejected = undefined
      }
      if (open !== undefined && open.identity !== identity) {
        await open.client.close()
        open = undefined
      }
      const now = latestOf(state)
      const isRenewing = identity !== undefined && performance.now() >= renewAt && isRenewalDue(identity, now)
      if (isRenewing) renewAt = performance.now() + renewalPauseMs(identity, Date.now(), renewals++)
      outgoing = identity === undefined || isRenewing ? undefined : host.next(identity)
      if (!isRenewing) state.waitingSince = outgoing === undefined ? 0 : state.waitingSince || Date.now()
      const reportInMs = host.reporter?.waitMs(performance.now(), false) ?? Number.POSITIVE_INFINITY
      if (identity === undefined || (outgoing === undefined && !isRenewing && reportInMs > 0)) {
        await host.wait(identity === undefined ? IDLE_MS : Math.min(IDLE_MS, reportInMs), signal)
        continue
      }
      if (outgoing === undefined && !isRenewing) {
        open = await report(host, state, open, identity, attempt)
        continue
      }
      state.attempts++
      open ??= { client: await host.connect(identity, attempt), identity }
      if (isRenewing) {
        host.replace(await renewOnce(open.client, identity, attempt))
        renewals = 0
        renewAt = performance.now() + RENEWAL_EVERY_MS
      }
      attempt.throwIfAborted()
      if (outgoing === undefined) continue
      state.isSending = true
      const receipt = await uploadOnce(host, open.client, identity, outgoing, attempt, state)
      // before the spool is empty: who waits for that may read this count at once
      state.bytesSent += outgoing.bytes.length
      const acknowledged = host.acknowledge(outgoing, receipt)
      if (state.failure !== undefined && said === state.failure.code)
        log.info(`central accepts batches again, from batch ${outgoing.sequence} on`)
      // at once: a status that counts these events as sent must not show the failure from before
      Object.assign(state, { lastReceipt: receipt, lastReceiptAt: Date.now(), failure: undefined, retryAt: 0, waitingSince: 0 })
      await acknowledged
      state.isSending = false
      state.failuresInARow = 0
      if (host.reporter?.waitMs(performance.now(), true) === 0) open = await report(host, state, open, identity, attempt)
    } catch (error) {
      state.isSending = false
      if (signal.aborted) break
      await open?.client.close()
      open = undefined
      if (superseded.aborted) {
        await host.wait(STEP_MS, signal)
        continue
      }
      const answer = error instanceof Refused ? error.answer : undefined
      const wait = backoffMs(++state.failuresInARow, Math.random(), answer?.retryAfterSeconds)
      if (answer !== undefined && outgoing !== undefined && REJECTING_STATUSES.includes(answer.status)) {
        const { sequence } = outgoing
        rejected = { identity, sequence, refusals: rejected?.sequence === sequence ? rejected.refusals + 1 : 1 }
      }
      const fault = faultOf(error)
      const at = Date.now()
      const before = state.failure?.code === fault.code ? state.failure : undefined
      if (before === undefined) {
        const sinceStart = performance.now()
        const isDue = sinceStart - (saidAt.get(fault.code) ?? Number.NEGATIVE_INFINITY) > SAID_EVERY_MS
        said = isDue ? fault.code : undefined
        if (isDue) saidAt.set(fault.code, sinceStart)
        if (isDue) log.warning(describe(error))
      }
      Object.assign(state, { failure: { ...fault, since: before?.since ?? at, at }, retryAt: at + wait })
      await backOff(host, identity, wait, signal)
    }
  }
  await open?.client.close()
}

interface Open {
  readonly client: CentralClient
  readonly identity: Identity
}

/** Sends a report. One that fails leaves no connection behind; nothing else is changed by it. */
async function report(
  host: UplinkHost,
  state: UplinkState,
  open: Open | undefined,
  identity: Identity,
  signal: AbortSignal,
): Promise<Open | undefined> {
  const { reporter } = host
  if (reporter === undefined) return open
  const lazily: CentralClient = {
    post: async (path, body, ends) => {
      open ??= { client: await host.connect(identity, signal), identity }
      return open.client.post(path, body, ends)
    },
    close: async () => undefined,
  }
  const before = reporter.taken
  state.clockErrorMs = (await reporter.send(lazily, signal, () => performance.now())) ?? state.clockErrorMs
  if (reporter.taken > before) return open
  await open?.client.close()
  return undefined
}

/** Waits `ms`, or until the box has another identity: a box that was enrolled again must not wait for the old one's failures. */
async function backOff(host: UplinkHost, identity: Identity | undefined, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), ms)
  const either = AbortSignal.any([signal, over.signal])
  while (!either.aborted && host.identity() === identity) await host.wait(ms, either)
  clearTimeout(timer)
}
