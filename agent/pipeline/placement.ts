// Where an event goes once triage has judged it: counted as dropped, or into the open batch.
import { Added, type Context, Endpoint } from '../batch/open-batch.ts'
import { DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import type { InputAccount } from '../ledger/accounts.ts'
import { NetworkKind } from '../triage/networks.ts'
import { rules, Verdict } from '../triage/rules.ts'
import type { Triage } from '../triage/triage.ts'
import { showsPrivate } from '../triage/wrapped-addresses.ts'
import type { OpenBatches } from './open-batches.ts'

/** What is, or shows, an internal address leaves as a pseudonym. */
function endpointOf(has: boolean, kind: number, words: Uint32Array, at: number): number {
  if (!has) return Endpoint.absent
  return kind === NetworkKind.internal || showsPrivate(words, at, kind) ? Endpoint.ours : Endpoint.foreign
}

export class Placement {
  private readonly batches: OpenBatches
  private readonly triage: Triage
  private readonly context: Context = { gateway: 0, product: 0, reason: 0, sourceEndpoint: 0, destinationEndpoint: 0 }

  constructor(batches: OpenBatches, triage: Triage) {
    this.batches = batches
    this.triage = triage
  }

  /** Places the event that triage judged last, by the rule with this index; `gateway` and `product` are their numbers. */
  place(account: InputAccount, event: EventRecord, ruleIndex: number, gateway: number, product: number): void {
    const rule = rules[ruleIndex]
    if (rule.verdict === Verdict.drop) {
      account.placedDropped(rule.name)
      return
    }
    const { context, triage } = this
    context.gateway = gateway
    context.product = product
    context.reason = ruleIndex
    context.sourceEndpoint = endpointOf(event.hasSource, triage.sourceKind, event.words, SOURCE)
    context.destinationEndpoint = endpointOf(event.hasDestination, triage.destinationKind, event.words, DESTINATION)
    const added = this.batches.add(event, context, account.input, rule.value)
    if (added === Added.row) account.placedWaiting()
    else if (added === Added.merged) account.placedMerged()
    else account.placedShed()
  }
}
