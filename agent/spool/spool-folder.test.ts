import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { encodeSummed } from '../lib/summed.ts'
import { memoryFolder } from '../testing/harness.ts'
import { encodeSegment, type Segment, segmentName } from './segment.ts'
import { Spool } from './spool.ts'

const MIB = 1024 * 1024
const BEGIN = '0'.repeat(64)
const hashOf = (sequence: number): string => String(sequence).padStart(64, '0')
const batch = (sequence: number): Segment => ({
  kind: 'batch',
  first: sequence,
  last: sequence,
  rows: sequence,
  messages: sequence * 2,
  byInput: { udp: sequence },
  value: 1,
  previous: hashOf(sequence - 1),
  hash: hashOf(sequence),
})
const frame = (bytes: number): Buffer => Buffer.alloc(bytes, 0xee)

t.test('a flipped bit in what a segment says of itself costs that segment at most, and never another', async t => {
  const folder = memoryFolder(t)
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 4; sequence++) await spool.put(batch(sequence), frame(10))
  const path = join(folder, segmentName(batch(2)))
  const whole = readFileSync(path)
  // all bits of a byte have their turn
  for (let bit = 0; bit < whole.indexOf(10) * 8 + 8; bit += 5) {
    const flipped = Buffer.from(whole)
    flipped[bit >> 3] ^= 1 << (bit & 7)
    writeFileSync(path, flipped)
    const again = new Spool(folder, MIB)
    const lost = again.closeGaps(0, BEGIN)
    const firsts = again.batches.map(({ first }) => first)
    assert.deepEqual(firsts, lost === 0 ? [1, 2, 3, 4] : [1, 3, 4], `bit ${bit}`)
    assert.ok(lost === 0 || again.damages > 0, 'and it is said')
    for (const name of readdirSync(folder)) if (/shed|damaged/.test(name)) rmSync(join(folder, name))
  }
  writeFileSync(path, whole)
  t.equal(new Spool(folder, MIB).batches.length, 4)
})

t.test('a segment under a wrong name gets its own back; what a newer version wrote is kept', async t => {
  const folder = memoryFolder(t)
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 3; sequence++) await spool.put(batch(sequence), frame(10))
  renameSync(join(folder, segmentName(batch(2))), join(folder, '0000000000r2.bauch'))
  renameSync(join(folder, segmentName(batch(3))), join(folder, '000000000007.batch'))
  const again = new Spool(folder, MIB)
  t.same(
    again.batches.map(({ first }) => first),
    [1, 2, 3],
  )
  t.equal(again.damages, 2)
  const heartbeat = { ...batch(4), kind: 'heartbeat', mood: 'good' }
  writeFileSync(join(folder, segmentName(heartbeat)), encodeSegment(heartbeat, frame(5)))
  const newest = encodeSegment(batch(5), frame(5)).toString('latin1').replace('{', '{"next":1,')
  writeFileSync(join(folder, 'README'), 'no segment')
  writeFileSync(join(folder, segmentName(batch(5))), `${encodeSummed({ version: 2, everything: 'else' })}\n${newest}`)
  const later = new Spool(folder, MIB)
  t.same(
    later.batches.map(({ kind }) => kind),
    ['batch', 'batch', 'batch', 'heartbeat'],
  )
  t.equal(later.damages, 0)
  t.same(readdirSync(folder).slice(3), ['000000000004.heartbeat', '000000000005.batch', 'README'])
})

t.test('a file that grew is damaged: it takes no room from batches that are whole', async t => {
  const folder = memoryFolder(t)
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 3; sequence++) await spool.put(batch(sequence), frame(10))
  truncateSync(join(folder, segmentName(batch(2))), 3 * 2 ** 30)
  const again = new Spool(folder, MIB)
  t.ok(again.usedBytes < MIB)
  t.same(
    again.batches.map(({ first }) => first),
    [1, 3],
  )
  again.shedForRoom(1000, ({ first }) => t.fail(`batch ${first} was shed`))
  t.equal(again.damages, 1)
  // and one that grows while it waits is not read
  truncateSync(join(folder, segmentName(batch(1))), 3 * 2 ** 30)
  t.equal(again.oldest()?.frame.length, 0)
})

t.test('a batch that was made elsewhere, or does not follow the one before it, is set aside and holds nothing up', async t => {
  const folder = memoryFolder(t)
  const isOurs = (head: Uint8Array) => head[0] === 0xee
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 4; sequence++) await spool.put(batch(sequence), sequence === 2 ? Buffer.alloc(10, 1) : frame(10))
  await spool.put({ ...batch(5), previous: hashOf(77) }, frame(10))
  const again = new Spool(folder, MIB, isOurs)
  again.dropStrangers(0, BEGIN)
  t.same(
    again.batches.map(({ first }) => first),
    [1, 3, 4],
  )
  t.equal(again.closeGaps(0, BEGIN), 1)
  t.equal(again.damages, 3)
  const first = new Spool(folder, MIB, isOurs)
  first.dropStrangers(0, hashOf(99))
  t.equal(first.batches[0].first, 1, 'what the next one follows stays, whatever the ledger says')
})

t.test('a batch whose number no frame has room for stays where it is, and the others go on', async t => {
  const folder = memoryFolder(t)
  const spool = new Spool(folder, MIB)
  await spool.put(batch(1), frame(10))
  for (const sequence of [2 ** 48 - 1, Number.MAX_SAFE_INTEGER])
    writeFileSync(join(folder, segmentName(batch(sequence))), encodeSegment(batch(sequence), frame(10)))
  const again = new Spool(folder, MIB)
  t.equal(again.closeGaps(0, BEGIN), 0)
  t.equal(again.last?.last, 1)
  t.equal(again.newer.batches, 2)
})
