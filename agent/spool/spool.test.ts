import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { decodeSegment, encodeSegment, joinShed, type Segment, segmentName } from './segment.ts'
import { Spool } from './spool.ts'

const MIB = 1024 * 1024
const BEGIN = '0'.repeat(64)
const hashOf = (sequence: number): string => (sequence === 0 ? BEGIN : createHash('sha256').update(String(sequence)).digest('hex'))
const batch = (sequence: number, value = 1, rows = sequence): Segment => ({
  kind: 'batch',
  first: sequence,
  last: sequence,
  rows,
  messages: rows * 2,
  byInput: { udp: rows },
  value,
  previous: hashOf(sequence - 1),
  hash: hashOf(sequence),
})
const frame = (bytes: number): Buffer => Buffer.alloc(bytes, 0xee)
const total = (list: readonly Segment[]): number => list.reduce((rows, segment) => rows + segment.rows, 0)

/** The segments that a folder holds, in order. */
const onDisk = (folder: string): Segment[] =>
  readdirSync(folder)
    .sort()
    .map(name => {
      const read = decodeSegment(readFileSync(join(folder, name)))
      assert.ok(typeof read !== 'string', `${name} is a segment`)
      assert.equal(segmentName(read.segment), name)
      return read.segment
    })

/** What must hold for a folder whatever was done to it: one chain, nothing else, and the size that the spool reports. */
function assertSound(folder: string, spool: Spool): void {
  const segments = onDisk(folder)
  segments.slice(1).forEach((segment, i) => {
    assert.equal(segment.first, segments[i].last + 1, 'no gap')
    assert.equal(segment.previous, segments[i].hash, 'each follows the one before')
  })
  assert.equal(spool.length, segments.length)
  assert.deepEqual(spool.last, segments.at(-1))
  const batches = segments.filter(segment => segment.kind === 'batch')
  assert.deepEqual(spool.batches, batches)
  const used = readdirSync(folder).reduce((sum, name) => sum + Math.ceil(statSync(join(folder, name)).size / 4096) * 4096, 0)
  assert.equal(spool.usedBytes, used)
}

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), size: fc.nat(20_000), value: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('receipt' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shed' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

t.test('whatever is put, sent, shed and reopened: one chain, within its quota, and no row is lost without being reported', async t => {
  const root = t.testdir()
  const quota = 10 * 4096
  let run = 0
  const property = fc.asyncProperty(fc.array(action, { maxLength: 40 }), async actions => {
    const folder = join(root, String(run++))
    let spool = new Spool(folder, quota)
    let sequence = 0
    let put = 0
    let sent = 0
    let told = 0
    for (const { kind, ...more } of actions) {
      if ('size' in more) {
        spool.shedForRoom(more.size + 400, shed => {
          told += shed.rows
        })
        const mayShed = spool.batches.length > 1
        const isRoom = spool.usedBytes + Math.ceil((more.size + 400) / 4096) * 4096 <= quota
        assert.ok(isRoom || !mayShed, 'there is room, or nothing left to shed but what is being sent')
        await spool.put(batch(++sequence, more.value), frame(more.size))
        put += sequence
      } else if (kind === 'hold') spool.oldest()
      else if (kind === 'reopen') spool = new Spool(folder, quota)
      else if (spool.length > 0) {
        const oldest = spool.oldest()?.segment
        assert.ok(oldest !== undefined)
        if (kind === 'shed' && oldest.kind === 'batch') told += spool.shedOldest().rows
        if (kind === 'receipt') {
          if (oldest.kind === 'batch') sent += oldest.rows
          spool.remove(oldest.last)
        }
      }
      assertSound(folder, spool)
      assert.equal(put, total(spool.batches) + sent + told, 'put = waiting + sent + shed')
    }
    rmSync(folder, { recursive: true })
  })
  await t.resolves(fc.assert(property, { numRuns: 60 }))
})

t.test('sheds the oldest of the lowest value, and never what is being sent', async t => {
  const folder = t.testdir()
  const spool = new Spool(folder, MIB)
  for (const [i, value] of [1, 2, 1, 2, 1].entries()) await spool.put(batch(i + 1, value), frame(10))
  spool.oldest()
  const order: number[] = []
  const small = new Spool(folder, 4096)
  small.oldest()
  small.shedForRoom(1, shed => order.push(shed.first))
  t.same(order, [3, 5, 2, 4], 'batch 1 is being sent')
  t.match(onDisk(folder), [
    { kind: 'batch', first: 1 },
    { kind: 'shed', first: 2, last: 5, rows: 14, previous: hashOf(1), hash: hashOf(5) },
  ])
})

t.test('a statement for two neighbours says what both said', async t => {
  const property = fc.property(fc.nat(100), fc.nat(100), fc.nat(100), (udp, tcp, tls) => {
    const left: Segment = { ...batch(1), kind: 'shed', rows: udp, byInput: { udp } }
    const right: Segment = { ...batch(2), kind: 'shed', last: 9, hash: hashOf(9), rows: tcp + tls, byInput: { udp: tcp, tls } }
    const joined = joinShed(left, right)
    assert.deepEqual(joined.byInput, { udp: udp + tcp, tls })
    assert.deepEqual([joined.first, joined.last, joined.rows], [1, 9, udp + tcp + tls])
    assert.deepEqual([joined.previous, joined.hash], [left.previous, right.hash])
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('a segment is read as it was written, and noise is none', async t => {
  const roundTrip = fc.property(fc.integer({ min: 1, max: 10 ** 12 }), fc.uint8Array({ maxLength: 200 }), (sequence, content) => {
    const data = encodeSegment(batch(sequence), content)
    const read = decodeSegment(data)
    assert.ok(typeof read !== 'string')
    assert.deepEqual(read.segment, batch(sequence))
    const frame = data.subarray(read.frameAt)
    assert.deepEqual(Buffer.from(frame), Buffer.from(content))
    assert.ok(read.fits(frame) && !read.fits(Buffer.concat([frame, Buffer.of(0)])))
    for (const cut of [0, 1, 40]) assert.equal(decodeSegment(data.subarray(0, cut)), 'damaged')
  })
  t.doesNotThrow(() => fc.assert(roundTrip))
  for (const noise of ['', '\n', '{}\n', 'null\n', '{"kind":"batch"}\n', `${' '.repeat(5000)}{}\n`])
    t.equal(decodeSegment(Buffer.from(noise)), 'damaged', noise.slice(0, 20))
})

t.test('what a power cut leaves is understood: a draft, and a batch beside the statement that replaced it', async t => {
  const folder = t.testdir()
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 4; sequence++) await spool.put(batch(sequence), frame(10))
  const statement = joinShed({ ...batch(2), kind: 'shed', value: 0 }, { ...batch(3), kind: 'shed', value: 0 })
  writeFileSync(join(folder, segmentName(statement)), encodeSegment(statement, Buffer.alloc(0)))
  writeFileSync(join(folder, `${segmentName(batch(5))}.draft`), encodeSegment(batch(5), frame(10)).subarray(0, 50))
  const again = new Spool(folder, MIB)
  t.match(onDisk(folder), [{ first: 1 }, { kind: 'shed', first: 2, last: 3, rows: 5 }, { first: 4 }])
  t.equal(again.length, 3)
  t.doesNotThrow(() => assertSound(folder, again))
})

t.test('files that are gone or damaged leave a statement behind, so that the chain can go on', async t => {
  const folder = t.testdir()
  const spool = new Spool(folder, MIB)
  for (let sequence = 3; sequence <= 9; sequence++) await spool.put(batch(sequence), frame(10))
  rmSync(join(folder, segmentName(batch(3))))
  truncateSync(join(folder, segmentName(batch(6))), 20)
  rmSync(join(folder, segmentName(batch(7))))
  const again = new Spool(folder, MIB)
  t.equal(again.closeGaps(1, hashOf(1)), 4, 'batches 2, 3, 6 and 7')
  t.equal(again.damages, 3, 'what is damaged and what is missing is said, and the damaged one is kept')
  rmSync(join(folder, `${segmentName(batch(6))}.damaged`))
  t.match(onDisk(folder), [
    { kind: 'shed', first: 2, last: 3, previous: hashOf(1), hash: hashOf(3) },
    { first: 4 },
    { first: 5 },
    { kind: 'shed', first: 6, last: 7, previous: hashOf(5), hash: hashOf(7) },
    { first: 8 },
    { first: 9 },
  ])
  t.doesNotThrow(() => assertSound(folder, again))
  t.equal(again.closeGaps(1, hashOf(1)), 0, 'and there is nothing to do the next time')
})

t.test('gives back the frame that was put, or nothing where the disk gives nothing', async t => {
  const folder = t.testdir()
  const spool = new Spool(folder, MIB)
  await spool.put(batch(1), Buffer.from('frame\nwith a line feed'))
  t.equal(Buffer.from(spool.oldest()?.frame ?? []).toString(), 'frame\nwith a line feed')
  rmSync(join(folder, segmentName(batch(1))))
  t.equal(spool.oldest()?.frame.length, 0)
  spool.remove(1)
  t.equal(spool.oldest(), undefined)
})

t.test('a disk that fails changes nothing, and is reported with the path', async t => {
  const folder = join(t.testdir(), 'spool')
  const spool = new Spool(folder, MIB)
  await spool.put(batch(1), frame(10))
  mkdirSync(join(folder, segmentName(batch(2)))) // a folder where the file has to go
  await t.rejects(spool.put(batch(2), frame(10)), { code: 'disk-failed', message: /000000000002\.batch/ })
  rmSync(join(folder, segmentName(batch(2))), { recursive: true })
  t.doesNotThrow(() => assertSound(folder, spool))
  await spool.put(batch(2), frame(10))
  t.equal(spool.length, 2)
})

t.test('what is cleared is reported, statements not twice', async t => {
  const folder = t.testdir()
  const spool = new Spool(folder, MIB)
  for (let sequence = 1; sequence <= 3; sequence++) await spool.put(batch(sequence), frame(10))
  spool.shedOldest()
  t.same(
    spool.clear().map(segment => segment.first),
    [2, 3],
  )
  t.same(readdirSync(folder), [])
  t.match(spool, { length: 0, usedBytes: 0, last: undefined })
})
