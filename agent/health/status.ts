// How the agent is, as one object: what `status` prints, and what the bundle for the helpdesk will hold.

import { type InputCounts, inputNames, unaccounted } from '../ledger/accounting.ts'
import type { Collector } from '../pipeline/collector.ts'
import type { Gateway, Gateways } from '../pipeline/gateways.ts'
import type { Source } from '../sources/source.ts'
import type { Spool } from '../spool/spool.ts'
import type { UplinkReceipt, UplinkState } from '../uplink/uplink.ts'
import type { ProcessStatus } from './process-watch.ts'

export interface GatewayStatus {
  readonly number: number
  readonly address: string
  readonly product: string | null
  readonly messages: number
  readonly messagesPerSecond: number
  /** 0 to 1. */
  readonly understood: number
  readonly lastMessageAt: string
  /** How far its clock is behind ours, in seconds; null until a message stated a time. */
  readonly skewSeconds: number | null
}

/** The accounting of one input with its sum of drops, and what is left over: 0 unless the program is wrong. */
export type InputStatus = InputCounts & {
  readonly input: string
  readonly droppedTotal: number
  readonly unaccounted: number
  readonly kernelLost: number | null
}

export interface Status {
  readonly version: string
  readonly running: boolean
  readonly startedAt: string | null
  readonly device: string | null
  /** Null while none runs. */
  readonly process: ProcessStatus | null
  readonly central: {
    readonly url: string
    readonly lastReceiptAt: string | null
    readonly lastReceipt: UplinkReceipt | null
    readonly bytesSent: number
    readonly failure: { readonly code: string; readonly text: string; readonly at: string } | null
    readonly retryAt: string | null
  }
  readonly queue: { readonly batches: number; readonly bytes: number; readonly quotaBytes: number }
  readonly gateways: readonly GatewayStatus[]
  readonly accounting: readonly InputStatus[]
  readonly sources: readonly { readonly name: string; readonly address: string; readonly counters: Readonly<Record<string, number>> }[]
  /** Sentences about what a person should know; empty when all is well. */
  readonly notices: readonly string[]
  /** Messages that were too long or broken to be read, by reason; they are among the unreadable ones. */
  readonly refused: Readonly<Record<string, number>>
  readonly unreadableShapes: readonly { readonly shape: string; readonly count: number }[]
}

const iso = (ms: number): string | null => (ms > 0 ? new Date(ms).toISOString() : null)

export function gatewayStatus(gateway: Gateway): GatewayStatus {
  const { skewMs } = gateway.clock
  return {
    number: gateway.number,
    address: gateway.address,
    product: gateway.recogniser?.title ?? null,
    messages: gateway.messages,
    messagesPerSecond: Math.round(gateway.messagesPerSecond * 10) / 10,
    understood: gateway.messages === 0 ? 0 : gateway.understood / gateway.messages,
    lastMessageAt: new Date(gateway.lastMessageAt).toISOString(),
    skewSeconds: Number.isNaN(skewMs) ? null : Math.round(skewMs / 100) / 10,
  }
}

export function inputStatus(input: string, counts: InputCounts, kernelLost: number | null): InputStatus {
  const droppedTotal = Object.values(counts.dropped).reduce((total, count) => total + count, 0)
  return { input, ...counts, droppedTotal, unaccounted: unaccounted(counts), kernelLost }
}

export interface StatusParts {
  readonly version: string
  readonly startedAt: number
  readonly device: string | undefined
  readonly process: ProcessStatus
  readonly url: string
  readonly uplink: UplinkState
  readonly spool: Spool
  readonly quotaBytes: number
  readonly gateways: Gateways
  readonly collector: Collector
  readonly sources: readonly Source[]
  readonly notices: readonly string[]
}

export function statusOf(parts: StatusParts): Status {
  const { uplink, spool, collector } = parts
  const { failure } = uplink
  return {
    version: parts.version,
    running: true,
    startedAt: iso(parts.startedAt),
    device: parts.device ?? null,
    process: parts.process,
    central: {
      url: parts.url,
      lastReceiptAt: iso(uplink.lastReceiptAt),
      lastReceipt: uplink.lastReceipt ?? null,
      bytesSent: uplink.bytesSent,
      failure: failure === undefined ? null : { code: failure.code, text: failure.text, at: new Date(failure.at).toISOString() },
      retryAt: iso(uplink.retryAt),
    },
    queue: { batches: spool.length, bytes: spool.usedBytes, quotaBytes: parts.quotaBytes },
    gateways: parts.gateways.active.map(gatewayStatus),
    accounting: inputNames.map(name =>
      inputStatus(name, collector.totals[name], parts.sources.find(source => source.name === name)?.kernelLost() ?? null),
    ),
    sources: parts.sources.map(source => ({ name: source.name, address: source.address, counters: { ...source.counters } })),
    notices: parts.notices,
    refused: { ...collector.refused },
    unreadableShapes: collector.shapes.top(20),
  }
}
