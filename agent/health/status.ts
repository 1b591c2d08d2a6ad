// From the facts of a running agent to its status: what `status` prints, the console shows and the diagnostics pick from.
import type { Outcomes } from './checks/index.ts'
import { gatewayLevel } from './checks/senders.ts'
import type { DataPathFacts, Facts, GatewayFacts } from './facts.ts'
import { checkStatusOf, findingsOf } from './findings.ts'
import type { Status } from './status-schema.ts'

const iso = (ms: number): string | null => (ms > 0 ? new Date(ms).toISOString() : null)

const gatewayStatus = (gateway: GatewayFacts, now: number): Status['gateways'][number] => ({
  number: gateway.number,
  address: gateway.address,
  product: gateway.product ?? null,
  messages: gateway.messages,
  messagesPerSecond: Math.round(gateway.messagesPerSecond * 10) / 10,
  parsed: gateway.messages === 0 ? 0 : gateway.parsed / gateway.messages,
  lastMessageAt: new Date(gateway.lastMessageAtMs).toISOString(),
  clockOffsetSeconds: Number.isNaN(gateway.clockOffsetMs) ? null : Math.round(gateway.clockOffsetMs / 100) / 10,
  level: gatewayLevel(gateway, now),
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
    lastAnswerAt: iso(uplink.lastAnswerAtMs),
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

export const statusOf = (facts: Facts, outcomes: Outcomes): Status => ({
  version: facts.version,
  running: true,
  startedAt: iso(facts.startedAtMs),
  device: facts.identity.device ?? null,
  process: facts.process,
  findings: findingsOf(outcomes),
  health: checkStatusOf(outcomes),
  canary: facts.canary,
  dataPath: dataPathStatus(facts.dataPath),
  central: uplinkStatus(facts),
  update: facts.update ?? null,
  queue: { batches: facts.queue.batches, bytes: facts.queue.bytes, quotaBytes: facts.queue.quotaBytes },
  gateways: [
    ...facts.gateways.map(gateway => gatewayStatus(gateway, facts.now)),
    // one that fell silent while the agent started anew would not be seen otherwise
    ...facts.missing.map(gateway => gatewayStatus(gateway, facts.now)).filter(({ level }) => level === 'warn' || level === 'bad'),
  ],
  accounting: [...facts.accounting],
  sources: facts.sources.map(({ counters, ...source }) => ({ ...source, counters: { ...counters } })),
  products: [...facts.products],
  refused: { ...facts.refused },
  unreadableShapes: [...facts.unreadableShapes],
})
