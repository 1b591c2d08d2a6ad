import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { decodeReceipt, encodeReceipt, readReceipt, signReceipt, verifyReceipt } from './receipt.ts'

const device = '01234567-89ab-4def-8123-456789abcdef'

t.test('a receipt is genuine only as central wrote it', async t => {
  const keys = generateKeyPairSync('ed25519')
  const receipt = signReceipt(
    { device, sequence: 4, hash: 'ab'.repeat(32), storedAt: '2026-11-21T12:00:00.000Z', key: 'ab'.repeat(8) },
    keys.privateKey,
  )
  t.ok(verifyReceipt(receipt, keys.publicKey))
  const changed = [
    { sequence: 5 },
    { hash: 'cd'.repeat(32) },
    { device: device.replace('0', '1') },
    { storedAt: '2026-11-21T12:00:01.000Z' },
    { key: 'cd'.repeat(8) },
    { signature: '' },
  ]
  for (const change of changed) t.notOk(verifyReceipt({ ...receipt, ...change }, keys.publicKey), JSON.stringify(change))
})

t.test('a receipt has one form: nothing padded, coloured or added is read, and what stands beside it is dropped', async t => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const unsigned = { device, sequence: 4, hash: 'ab'.repeat(32), storedAt: '2026-11-21T12:00:00.000Z', key: '0123456789abcdef' }
  const receipt = signReceipt(unsigned, privateKey)
  const asAnswered: unknown = JSON.parse(JSON.stringify({ ...receipt, note: 'x'.repeat(250_000) }))
  t.strictSame(readReceipt(asAnswered), receipt)
  const wrong: Record<keyof typeof receipt, readonly unknown[]> = {
    device: [device.toUpperCase(), `${device}\n`, ` ${device}`, device.replaceAll('-', ''), '', 7],
    sequence: [0, -1, 1.5, 2 ** 48, '4', null],
    hash: ['AB'.repeat(32), 'ab'.repeat(33), `${'ab'.repeat(32)}\n`],
    storedAt: [
      '2026-11-21T12:00:00Z',
      '2026-11-21 12:00:00.000Z',
      '2026-11-21T12:00:00.000+00:00',
      '2026-02-30T12:00:00.000Z',
      '2026-11-21T12:00:00.000Z\n',
      '\u001b[31m2026-11-21T12:00:00.000Z',
      ' '.repeat(250_000),
    ],
    key: ['k1', '0123456789ABCDEF', '0123456789abcdef0', ''],
    signature: [
      '',
      receipt.signature.slice(0, -2),
      `${receipt.signature}\n`,
      `${receipt.signature.slice(0, 85)}B==`,
      Buffer.alloc(63).toString('base64'),
      'A'.repeat(250_000),
    ],
  }
  for (const [field, values] of Object.entries(wrong))
    for (const value of values) t.equal(readReceipt({ ...receipt, [field]: value }), undefined, `${field}: ${String(value).slice(0, 40)}`)
  for (const value of [undefined, null, [], 'text', { ...receipt, hash: undefined }]) t.equal(readReceipt(value), undefined)
})

t.test('the short form of a receipt is the receipt for the frame that was sent, and for no other', async t => {
  const keys = generateKeyPairSync('ed25519')
  const frame = { device, sequence: 4, hash: 'ab'.repeat(32) }
  const receipt = signReceipt({ ...frame, storedAt: '2026-11-21T12:00:00.007Z', key: '0123456789abcdef' }, keys.privateKey)
  const bytes = encodeReceipt(receipt)
  t.equal(bytes.length, 78)
  t.strictSame(decodeReceipt(bytes, frame), receipt)
  const other = decodeReceipt(bytes, { ...frame, hash: 'cd'.repeat(32) })
  t.ok(other !== undefined && !verifyReceipt(other, keys.publicKey))
  for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes.subarray(0, 1)]), Buffer.alloc(0), Buffer.alloc(78, 0xff)])
    t.equal(decodeReceipt(wrong, frame), undefined)
})
