import t from 'tap'
import * as z from 'zod'
import { type Status, statusSchema } from '../../../agent/health/status-schema.ts'
import { diagnosedStatusSchema } from './diagnostics-status.ts'

const more = { secret: 'a field of a later version' }
const status: Status = {
  version: '1.2.3',
  running: true,
  startedAt: '2026-11-21T12:00:00Z',
  device: 'd',
  canary: null,
  dataPath: null,
  process: { residentBytes: 1, cpuSeconds: 2, longestStallSinceStartMs: 3, longestStallLastHourMs: 3, ...more },
  health: [{ check: 'clock', level: 'ok', value: 0, ...more }],
  findings: [{ code: 'clock-jumped', severity: 'warning', detail: 'd', advice: 'a', since: 's', ...more }],
  central: {
    url: 'https://central.example',
    lastReceiptAt: 'l',
    lastAnswerAt: 'l',
    lastReceipt: { device: 'd', sequence: 1, hash: 'secret', storedAt: 's', key: 'secret', signature: 'secret' },
    bytesSent: 1,
    failure: { code: 'central-busy', detail: 'd', advice: 'a', since: 's', at: 't', ...more },
    retryAt: 'r',
    ...more,
  },
  update: { kind: 'now', text: 't', offered: { version: 'v', number: 1 }, learntAt: 'l', fault: null, release: null, ...more },
  queue: { batches: 0, bytes: 0, quotaBytes: 1, ...more },
  gateways: [
    {
      number: 1,
      address: '192.0.2.1',
      product: 'sshd',
      messages: 1,
      messagesPerSecond: 0,
      parsed: 0,
      lastMessageAt: '',
      clockOffsetSeconds: -3,
      level: 'ok',
      ...more,
    },
  ],
  accounting: [
    {
      input: 'udp',
      received: 9,
      merged: 1,
      dropped: { 'session-end': 2 },
      droppedTotal: 2,
      ignored: 1,
      unreadable: 1,
      waiting: 1,
      spooled: 1,
      sent: 1,
      shed: 1,
      unaccounted: 0,
      kernelLost: 4,
      connectionsCut: 1,
      bytesCut: 2,
      deafSeconds: 3,
      ...more,
    },
  ],
  products: [{ product: 'sshd', claimed: 2, unreadable: 1, ...more }],
  sources: [{ name: 'udp', address: '[::]:514', counters: { waits: 1 }, ...more }],
  refused: { oversize: 1 },
  unreadableShapes: [{ shape: 'a 9', count: 1, ...more }],
  ...more,
}

/** Every path of a field, without the numbers of lists. */
function pathsOf(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap(one => pathsOf(one, `${at}[]`))
  if (typeof value !== 'object' || value === null) return [at]
  return Object.entries(value).flatMap(([name, below]) => pathsOf(below, at === '' ? name : `${at}.${name}`))
}

const fields = (at: string, names: string): string[] => names.split(' ').map(name => `${at}${name}`)

t.test('holds what is named and nothing else, at every depth', async t => {
  const found = diagnosedStatusSchema.parse(status)
  t.notMatch(JSON.stringify(found), /secret|lastReceipt"/)
  t.same(
    pathsOf(found, '').sort(),
    [
      ...fields('', 'version running startedAt device refused.oversize'),
      ...fields('process.', 'residentBytes cpuSeconds longestStallSinceStartMs longestStallLastHourMs'),
      ...fields('health[].', 'check level value'),
      ...fields('findings[].', 'code severity detail advice since'),
      ...fields('central.', 'url lastReceiptAt lastAnswerAt bytesSent retryAt'),
      ...fields('central.failure.', 'code detail advice since at'),
      ...fields('update.', 'kind text learntAt release'),
      ...fields('queue.', 'batches bytes quotaBytes'),
      ...fields('gateways[].', 'number address product messages messagesPerSecond parsed lastMessageAt clockOffsetSeconds level'),
      ...fields('accounting[].', 'input received merged dropped.session-end droppedTotal ignored unreadable waiting spooled'),
      ...fields('accounting[].', 'sent shed unaccounted kernelLost connectionsCut bytesCut deafSeconds'),
      ...fields('products[].', 'product claimed unreadable'),
      ...fields('sources[].', 'name address counters.waits'),
      ...fields('unreadableShapes[].', 'shape count'),
    ].sort(),
  )
})

t.test('is null where the agent knows nothing', async t => {
  const found = diagnosedStatusSchema.parse({ ...status, process: null, central: { ...status.central, failure: null } })
  t.same([found.process, found.central.failure], [null, null])
})

/** A value that fits the schema, with fields and names in it, at every depth, that it does not know. */
function planted(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodObject) {
    const known = Object.entries<z.core.$ZodType>(schema.shape).map(([name, below]) => [name, planted(below)])
    return { ...Object.fromEntries(known), planted: 'planted', plantedDeeper: { planted: ['planted', { planted: 'planted' }] } }
  }
  if (schema instanceof z.ZodArray) return [planted(schema.element), planted(schema.element)]
  if (schema instanceof z.ZodRecord) return { 'planted name': planted(schema.valueType), 'planted.example': planted(schema.valueType) }
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return planted(schema.unwrap())
  if (schema instanceof z.ZodCatch) return planted(schema.unwrap())
  if (schema instanceof z.ZodEnum) return schema.options[0]
  if (schema instanceof z.ZodNumber) return 7
  if (schema instanceof z.ZodBoolean) return true
  if (schema instanceof z.ZodString) return 'known'
  throw new Error(`no value for a ${schema._zod.def.type}`)
}

t.test('nothing that the schema of the status does not know passes, in lists, in records and at any depth', async t => {
  const value = planted(statusSchema)
  t.match(JSON.stringify(value), /"planted\.example":7/, 'something is planted')
  const found = JSON.stringify(diagnosedStatusSchema.parse(value))
  t.notMatch(found, /planted/)
  t.match(found, /"refused":\{"other":14\}/, 'what is counted under an unknown name is counted')
})
