import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ByteReader, ByteWriter } from './byte-writer.ts'

const whole = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER))
const signed = fc.oneof(fc.integer({ min: -70, max: 70 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }))
const piece = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('varint' as const), value: whole }),
  fc.record({ kind: fc.constant('zigzag' as const), value: signed }),
  fc.record({ kind: fc.constant('append' as const), value: fc.uint8Array({ maxLength: 3000 }) }),
)

t.test('what is written in any order and amount is read back, also when the writer is used again', async t => {
  const writer = new ByteWriter()
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
        writer.reset()
        for (const { kind, value } of pieces) {
          if (kind === 'append') writer.append(value)
          else writer[kind](value)
        }
        const bytes = writer.take()
        assert.equal(bytes.length, writer.length)
        const reader = new ByteReader(bytes)
        for (const { kind, value } of pieces)
          if (kind === 'append') assert.deepEqual(Buffer.from(reader.take(value.length)), Buffer.from(value))
          else assert.equal(reader[kind](), value)
        assert.ok(reader.atEnd)
      }),
    ),
  )
})

t.test('what was taken is a copy', async t => {
  const writer = new ByteWriter()
  writer.byte(1)
  const taken = writer.take()
  writer.reset()
  writer.byte(2)
  t.same([...taken], [1])
})

t.test('small numbers of either sign are one byte', async t => {
  const writer = new ByteWriter()
  for (const value of [0, 1, -1, 63, -64]) {
    writer.reset()
    writer.zigzag(value)
    t.equal(writer.length, 1, String(value))
  }
})

t.test('refuses columns that were cut short, and numbers that do not end', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(whole, value => {
        const writer = new ByteWriter()
        writer.varint(value)
        const bytes = writer.take()
        assert.throws(() => new ByteReader(bytes.subarray(0, -1)).varint(), RangeError)
      }),
    ),
  )
  t.throws(() => new ByteReader(new Uint8Array(3)).take(4), RangeError)
  t.throws(() => new ByteReader(new Uint8Array(0)).byte(), RangeError)
  t.throws(() => new ByteReader(new Uint8Array(64).fill(0x80)).varint(), /too long/)
})
