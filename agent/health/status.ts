// From the facts of a running agent to its status: what `status` prints, the console shows and the diagnostics pick from.
import { findingsOf } from './checks.ts'
import type { DataPathFacts, Facts, GatewayFacts } from './facts.ts'
import type { Status } from './status-schema.ts'

const iso = (ms: number): string | null => (ms > 0 ? new Date(ms).toISOString() : null)

const gatewayStatus = ({ clockOffsetMs, product, ...gateway }: GatewayFacts): Status['gateways'][number] => ({
  number: gateway.number,
  address: gateway.address,
  product: product ?? null,
  messages: gateway.messages,
  messagesPerSecond: Math.round(gateway.messagesPerSecond * 10) / 10,
  parsed: gateway.messages === 0 ? 0 : gateway.parsed / gateway.messages,
  lastMessageAt: new Date(gateway.lastMessageAtMs).toISOString(),
  clockOffsetSeconds: Number.isNaN(clockOffsetMs) ? null : Math.round(clockOffsetMs / 100) / 10,
})

const dataPathStatus = ({ ageMs, restartedAtMs, fault, ways, isWatched }: DataPathFacts): Status['dataPath'] => ({
  isWatched,
  ways: [...ways],
  ageSeconds: ageMs === undefined ? null : Math.round(ageMs / 100) / 10,
  fault: fault ?? null,
  restartedAt: iso(restartedAtMs),
})

function uplinkStatus({ central, uplink }: Facts): Status['central'] {
  const { failure } = uplink
  return {
    url: central.url,
    lastReceiptAt: iso(uplink.lastReceiptAtMs),
    lastReceipt: uplink.lastReceipt ?? null,
    bytesSent: uplink.bytesSent,
    failure:
      failure === undefined
        ? null
        : {
            code: failure.code,
            detail: failure.detail,
            advice: failure.advice,
            since: new Date(failure.sinceMs).toISOString(),
            at: new Date(failure.atMs).toISOString(),
          },
    retryAt: iso(uplink.retryAtMs),
  }
}

export const statusOf = (facts: Facts): Status => ({
  version: facts.version,
  running: true,
  startedAt: iso(facts.startedAtMs),
  device: facts.identity.device ?? null,
  process: facts.process,
  canary: facts.canary,
  dataPath: dataPathStatus(facts.dataPath),
  findings: findingsOf(facts),
  central: uplinkStatus(facts),
  update: facts.update ?? null,
  queue: facts.queue,
  gateways: facts.gateways.map(gatewayStatus),
  accounting: [...facts.accounting],
  sources: facts.sources.map(({ counters, ...source }) => ({ ...source, counters: { ...counters } })),
  products: [...facts.products],
  refused: { ...facts.refused },
  unreadableShapes: [...facts.unreadableShapes],
})
