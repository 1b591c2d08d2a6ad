import t from 'tap'
import type { Status } from '../../../agent/health/status-schema.ts'
import { diagnosedStatusSchema } from './diagnostics-status.ts'

const more = { secret: 'a field of a later version' }
const status: Status = {
  version: '1.2.3',
  running: true,
  startedAt: null,
  device: null,
  process: null,
  findings: [{ code: 'clock-jumped', severity: 'warning', detail: 'd', advice: 'a', ...more }],
  central: {
    url: 'https://central.example',
    lastReceiptAt: null,
    lastReceipt: { device: 'd', sequence: 1, hash: 'secret', storedAt: 's', key: 'secret', signature: 'secret' },
    bytesSent: 1,
    failure: null,
    retryAt: null,
    ...more,
  },
  queue: { batches: 0, bytes: 0, quotaBytes: 1, ...more },
  gateways: [
    {
      number: 1,
      address: '192.0.2.1',
      product: null,
      messages: 1,
      messagesPerSecond: 0,
      parsed: 0,
      lastMessageAt: '',
      clockOffsetSeconds: null,
      ...more,
    },
  ],
  accounting: [],
  products: [{ product: 'sshd', claimed: 2, unreadable: 1, ...more }],
  sources: [{ name: 'udp', address: '[::]:514', counters: {}, ...more }],
  refused: {},
  unreadableShapes: [{ shape: 'a 9', count: 1, ...more }],
  ...more,
}

t.test('holds what is named and nothing else, at every depth', async t => {
  const found = diagnosedStatusSchema.parse(status)
  t.notMatch(JSON.stringify(found), /secret|lastReceipt"/)
  t.match(found, { version: '1.2.3', findings: [{ code: 'clock-jumped' }], gateways: [{ number: 1 }], unreadableShapes: [{ count: 1 }] })
  t.same(Object.keys(found.gateways[0]).sort(), [
    'address',
    'clockOffsetSeconds',
    'lastMessageAt',
    'messages',
    'messagesPerSecond',
    'number',
    'parsed',
    'product',
  ])
})
