// The example in example.md is what the code writes and reads: its keys open its frame, and its frame holds its events.
import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { unpackColumns } from './columns.ts'
import { decodeFrame, verifyFrame } from './frame.ts'
import { openFrame } from './seal.ts'
import { unpack } from './unpack.ts'

const example = readFileSync(new URL('example.md', import.meta.url), 'utf8')

/** The hexadecimal lines of the block after a sentence. */
const hexBehind = (sentence: RegExp): Buffer => {
  const at = example.search(sentence)
  const block = /((?:^ {4}[0-9a-f]+\n)+)/m.exec(example.slice(at))
  return Buffer.from((block?.[1] ?? '').replace(/\s/g, ''), 'hex')
}
const keyOf = (name: string): Buffer => Buffer.from(new RegExp(`${name} +([0-9a-f]{64})`).exec(example)?.[1] ?? '', 'hex')

t.test('the frame of the example is signed, opens, and holds what the page says', async t => {
  const secret = keyOf('device key, private')
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(secret)
  const point = ecdh.getPublicKey()
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33), d: secret.toString('base64url') }
  const key = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' }))
  const frame = verifyFrame(decodeFrame(hexBehind(/^The signed frame/m)), [key])
  if (frame?.kind !== 'batch') return t.fail('no batch of this device')
  t.match(frame, { device: '01234567-89ab-4def-8123-456789abcdef', sequence: 1 })
  t.strictSame(frame.header, hexBehind(/^The header/m))
  t.strictSame(Buffer.from(frame.hash), hexBehind(/^Its hash/m))
  const statement = verifyFrame(decodeFrame(hexBehind(/^And a statement/m)), [key])
  t.match(statement, { kind: 'shed', first: 2, last: 4, previous: frame.hash, rows: 5, messages: 9, reason: 'not-kept' })
  const packed = Buffer.from(await openFrame(frame, keyOf('seal key, private')))
  t.strictSame(packed, hexBehind(/^The first two are one row/m))
  t.strictSame(unpackColumns(hexBehind(/^In the \[compact form\]/m)), unpackColumns(packed), 'the compact form says the same')
  const batch = unpack(packed)
  t.equal(batch.rows, 3)
  t.match(batch.event(0), { source: '203.0.113.7', destination: '198.51.100.10', destinationPort: 22, count: 2, bytes: 88 })
  t.match(batch.event(1), { destination: 'in-8e81a162332eb2f8c932d593389a0810', destinationPort: 23 })
  t.match(batch.event(2), { source: '2001:db8::7', protocol: 17, bytes: 71 })
})
