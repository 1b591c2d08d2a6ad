// What delivery provides to the uplink: the oldest batch, and what becomes of it.
import { readReceipt, verifyReceipt } from '../batch/receipt.ts'
import type { Notifier } from '../lib/notifier.ts'
import type { CentralAddress } from '../uplink/anchor.ts'
import type { Identity } from '../uplink/identity.ts'
import type { IdentityKeeper } from '../uplink/identity-file.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import type { Reporter } from '../uplink/report.ts'
import type { UplinkHost } from '../uplink/uplink.ts'
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
    receiptIn: (body, identity) => {
      const receipt = readReceipt(body)
      return receipt !== undefined && verifyReceipt(receipt, identity.receiptKey) ? receipt : undefined
    },
    acknowledge: (_outgoing, receipt) => outbox.acknowledge(receipt),
    discard: sequence => outbox.discard(sequence),
    replace: stored => keeper.replace(stored),
    wait: (ms, signal) => wakeUplink.wait(ms, signal),
  }
}
