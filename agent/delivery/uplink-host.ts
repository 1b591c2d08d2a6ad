// What delivery provides to the uplink: the oldest batch, and what becomes of it.
import { decodeReceipt, type Receipt, readReceipt, verifyReceipt } from '../batch/receipt.ts'
import type { Notifier } from '../lib/notifier.ts'
import type { CentralAddress } from '../uplink/anchor.ts'
import type { Identity } from '../uplink/identity.ts'
import type { IdentityKeeper } from '../uplink/identity-file.ts'
import { type Answer, openCentral } from '../uplink/pinned-client.ts'
import type { Reporter } from '../uplink/report.ts'
import type { Outgoing, UplinkHost } from '../uplink/uplink.ts'
import type { Outbox } from './outbox.ts'

export interface UplinkHostParts {
  readonly outbox: Outbox
  readonly keeper: IdentityKeeper
  readonly central: CentralAddress
  /** Notified when there may be something to send. */
  readonly wakeUplink: Notifier
  readonly reporter: Reporter
  identity(): Identity | undefined
}

export function uplinkHost({ outbox, keeper, central, wakeUplink, reporter, identity }: UplinkHostParts): UplinkHost {
  return {
    reporter,
    identity: () => (central.url === '' ? undefined : identity()),
    superseded: () => keeper.superseded,
    connect: ({ stored }, signal) => openCentral(central, stored, signal),
    next: identity => outbox.next(identity),
    receiptIn,
    acknowledge: (_outgoing, receipt) => outbox.acknowledge(receipt),
    discard: sequence => outbox.discard(sequence),
    replace: stored => keeper.replace(stored),
    wait: (ms, signal) => wakeUplink.wait(ms, signal),
  }
}

/** The receipt of an answer, in either form, if it is for what was sent and signed with the key that the box was given. */
export function receiptIn({ body, bytes }: Answer, { stored, receiptKey }: Identity, { sequence, hash }: Outgoing): Receipt | undefined {
  const short = bytes === undefined ? undefined : decodeReceipt(bytes, { device: stored.device, sequence, hash })
  const receipt = readReceipt(body) ?? short
  return receipt !== undefined && verifyReceipt(receipt, receiptKey) ? receipt : undefined
}
