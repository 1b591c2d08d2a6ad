import t from 'tap'
import type { BatchFrame, ShedFrame } from '../../agent/batch/frame.ts'
import { noHead } from '../devices/head.ts'
import { decideBatch, decideShed } from './chain.ts'

const bytes = (fill: number): Uint8Array => Buffer.alloc(32, fill)
const hex = (fill: number): string => Buffer.alloc(32, fill).toString('hex')
const head = { sequence: 4, hash: hex(4) }
const signature = new Uint8Array(64)
const batch = (changes: Partial<BatchFrame>): BatchFrame => ({
  kind: 'batch',
  device: 'd',
  sequence: 5,
  previous: bytes(4),
  sealKey: 'k',
  header: bytes(0),
  enc: bytes(0),
  sealed: bytes(0),
  hash: bytes(5),
  unsigned: bytes(0),
  signature,
  ...changes,
})
const shed = (changes: Partial<ShedFrame>): ShedFrame => ({
  kind: 'shed',
  device: 'd',
  first: 5,
  last: 7,
  previous: bytes(4),
  lastHash: bytes(7),
  rows: 1,
  messages: 1,
  reason: 'not-kept',
  hash: bytes(99),
  unsigned: bytes(0),
  signature,
  ...changes,
})

t.test('a batch is stored only where the chain goes on', async t => {
  t.same(decideBatch(batch({}), head, undefined), { kind: 'store' })
  t.same(decideBatch(batch({ sequence: 1, previous: bytes(0) }), noHead, undefined), { kind: 'store' })
  t.same(decideBatch(batch({ sequence: 6 }), head, undefined), { kind: 'refuse', code: 'sequence-gap' })
  t.same(decideBatch(batch({ previous: bytes(3) }), head, undefined), { kind: 'refuse', code: 'chain-broken' })
})

t.test('what is stored is stored: the same again is confirmed, another is refused', async t => {
  t.same(decideBatch(batch({ sequence: 4, hash: bytes(4) }), head, { hash: hex(4), storedAt: 17 }), { kind: 'stored', storedAt: 17 })
  t.same(decideBatch(batch({ sequence: 4 }), head, { hash: hex(4), storedAt: 17 }), { kind: 'refuse', code: 'chain-conflict' })
  t.same(decideBatch(batch({ sequence: 3 }), head, undefined), { kind: 'refuse', code: 'sequence-shed' })
})

const onFile = (fill: number) => ({ hash: hex(fill), storedAt: 17 })

t.test('a statement of shed batches closes the gap it names and no other', async t => {
  t.same(decideShed(shed({}), head, undefined, onFile(4), undefined), { kind: 'store' })
  t.same(decideShed(shed({ first: 6 }), head, undefined, undefined, undefined), { kind: 'refuse', code: 'sequence-gap' })
  t.same(decideShed(shed({}), head, undefined, onFile(3), undefined), { kind: 'refuse', code: 'chain-broken' })
  t.same(decideShed(shed({}), head, undefined, undefined, undefined), { kind: 'refuse', code: 'chain-broken' })
  t.same(decideShed(shed({}), head, { hash: hex(99), storedAt: 18 }, undefined, undefined), { kind: 'stored', storedAt: 18 })
})

t.test('a statement over batches whose receipts were lost is taken if it speaks of the same batches', async t => {
  t.same(decideShed(shed({ first: 3, previous: bytes(2) }), head, undefined, onFile(2), undefined), { kind: 'store' })
})

t.test('a statement about nothing but batches that central has is confirmed and never counted', async t => {
  const past = shed({ first: 3, last: 4, previous: bytes(2), lastHash: bytes(4) })
  t.same(decideShed(past, head, undefined, onFile(2), onFile(4)), { kind: 'stored', storedAt: 17 })
  t.same(decideShed({ ...past, lastHash: bytes(5) }, head, undefined, onFile(2), onFile(4)), { kind: 'refuse', code: 'chain-conflict' })
})
