import t from 'tap'
import type { Status } from '../../../agent/health/status-schema.ts'
import { diagnosedStatusSchema } from './diagnostics-status.ts'

const more = { secret: 'a field of a later version' }
const status: Status = {
  version: '1.2.3',
  running: true,
  startedAt: '2026-11-21T12:00:00Z',
  device: 'd',
  process: { residentBytes: 1, cpuSeconds: 2, longestStallSinceStartMs: 3, longestStallLastHourMs: 3, ...more },
  findings: [{ code: 'clock-jumped', severity: 'warning', detail: 'd', advice: 'a', since: 's', ...more }],
  central: {
    url: 'https://central.example',
    lastReceiptAt: 'l',
    lastReceipt: { device: 'd', sequence: 1, hash: 'secret', storedAt: 's', key: 'secret', signature: 'secret' },
    bytesSent: 1,
    failure: { code: 'central-busy', detail: 'd', advice: 'a', since: 's', at: 't', ...more },
    retryAt: 'r',
    ...more,
  },
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
      ...more,
    },
  ],
  accounting: [
    {
      input: 'udp',
      received: 9,
      merged: 1,
      dropped: { 'rule-of-the-table': 2 },
      droppedTotal: 2,
      ignored: 1,
      unreadable: 1,
      waiting: 1,
      spooled: 1,
      sent: 1,
      shed: 1,
      unaccounted: 0,
      kernelLost: 4,
      ...more,
    },
  ],
  products: [{ product: 'sshd', claimed: 2, unreadable: 1, ...more }],
  sources: [{ name: 'udp', address: '[::]:514', counters: { lost: 1 }, ...more }],
  refused: { 'too-long': 1 },
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
      ...fields('', 'version running startedAt device refused.too-long'),
      ...fields('process.', 'residentBytes cpuSeconds longestStallSinceStartMs longestStallLastHourMs'),
      ...fields('findings[].', 'code severity detail advice since'),
      ...fields('central.', 'url lastReceiptAt bytesSent retryAt'),
      ...fields('central.failure.', 'code detail advice since at'),
      ...fields('queue.', 'batches bytes quotaBytes'),
      ...fields('gateways[].', 'number address product messages messagesPerSecond parsed lastMessageAt clockOffsetSeconds'),
      ...fields('accounting[].', 'input received merged dropped.rule-of-the-table droppedTotal ignored unreadable waiting spooled'),
      ...fields('accounting[].', 'sent shed unaccounted kernelLost'),
      ...fields('products[].', 'product claimed unreadable'),
      ...fields('sources[].', 'name address counters.lost'),
      ...fields('unreadableShapes[].', 'shape count'),
    ].sort(),
  )
})

t.test('is null where the agent knows nothing', async t => {
  const found = diagnosedStatusSchema.parse({ ...status, process: null, central: { ...status.central, failure: null } })
  t.same([found.process, found.central.failure], [null, null])
})
