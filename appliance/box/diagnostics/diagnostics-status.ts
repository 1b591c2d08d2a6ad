// What of the agent's status goes into the file for the helpdesk: an allow list, picked from the one schema of the status. A
// field that is added to the status later is not in the file before it is named here. Texts and addresses are redacted later.
import * as z from 'zod'
import { checkNames } from '../../../agent/health/report/words.ts'
import { statusSchema } from '../../../agent/health/status-schema.ts'
import { rules } from '../../../agent/triage/rules.ts'

const { accounting, central, findings, gateways, health, process, products, queue, sources, unreadableShapes, update } = statusSchema.shape

const reasons = ['oversize', 'broken-frame', 'cut-short', 'broken-packet', 'not-ip']
const counters = [
  ...[
    'connections',
    'connectionsOpen',
    'connectionsRefused',
    'connectionsGone',
    'handshakesFailed',
    'idleClosed',
    'connectionsCut',
    'bytesCut',
  ],
  ...['overruns', 'waits'],
]

const known: ReadonlySet<string> = new Set(checkNames)
const isCheck = (name: string): boolean => known.has(name)

/** Numbers by name: of a name that is none of these, only its number is kept. */
function countsOf(names: readonly string[]) {
  const known: ReadonlySet<string> = new Set(names)
  return z.record(z.string(), z.number()).transform(counts => {
    const kept: Record<string, number> = {}
    for (const [name, count] of Object.entries(counts)) {
      const shown = known.has(name) ? name : 'other'
      kept[shown] = (kept[shown] ?? 0) + count
    }
    return kept
  })
}

export const diagnosedStatusSchema = statusSchema
  .pick({
    version: true,
    running: true,
    startedAt: true,
    device: true,
  })
  .extend({
    refused: countsOf(reasons),
    findings: z.array(findings.element.pick({ code: true, severity: true, detail: true, advice: true, since: true })),
    central: central.pick({ url: true, lastReceiptAt: true, lastAnswerAt: true, bytesSent: true, retryAt: true }).extend({
      failure: central.shape.failure.unwrap().pick({ code: true, detail: true, advice: true, since: true, at: true }).nullable(),
    }),
    process: process
      .unwrap()
      .pick({ residentBytes: true, cpuSeconds: true, longestStallSinceStartMs: true, longestStallLastHourMs: true })
      .nullable(),
    health: z.array(
      health
        .unwrap()
        .element.pick({ level: true, value: true })
        .extend({ check: z.string().transform(name => (isCheck(name) ? name : 'other')) }),
    ),
    update: update
      .unwrap()
      .unwrap()
      .pick({ kind: true, text: true, learntAt: true })
      .extend({ release: z.object({ state: z.string(), version: z.string(), number: z.number(), text: z.string() }).nullable() })
      .nullable()
      .default(null),
    queue: queue.pick({ batches: true, bytes: true, quotaBytes: true }),
    accounting: z.array(
      accounting.element
        .pick({
          input: true,
          received: true,
          merged: true,
          droppedTotal: true,
          ignored: true,
          unreadable: true,
          waiting: true,
          spooled: true,
          sent: true,
          shed: true,
          unaccounted: true,
          kernelLost: true,
          connectionsCut: true,
          bytesCut: true,
          deafSeconds: true,
        })
        .extend({ dropped: countsOf(rules.map(({ name }) => name)) }),
    ),
    products: z.array(products.element.pick({ product: true, claimed: true, unreadable: true })),
    unreadableShapes: z.array(unreadableShapes.element.pick({ shape: true, count: true })),
    gateways: z.array(
      gateways.element.pick({
        number: true,
        address: true,
        product: true,
        messages: true,
        messagesPerSecond: true,
        parsed: true,
        lastMessageAt: true,
        clockOffsetSeconds: true,
        level: true,
      }),
    ),
    sources: z.array(sources.element.pick({ name: true, address: true }).extend({ counters: countsOf(counters) })),
  })
export type DiagnosedStatus = z.infer<typeof diagnosedStatusSchema>
