import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { TestSink } from '../test-sink.ts'
import { decodeKept, encodeKept } from './kept-connections.ts'
import { FrameReader } from './syslog-frame.ts'

const peer = '192.0.2.1'

/** What is delivered of a stream when after each piece another reader goes on, from what was written down. */
function hear(...pieces: string[]): string[] {
  const sink = new TestSink()
  let reader = new FrameReader(sink, peer)
  for (const piece of pieces) {
    if (!reader.push(Buffer.from(piece, 'latin1'))) return sink.received
    const kept = decodeKept(encodeKept(7, { descriptor: 3, peer, unfinished: reader.suspend() })).get(7)
    assert(kept !== undefined)
    reader = new FrameReader(sink, kept.peer)
    reader.continueFrom(kept.unfinished)
  }
  reader.end()
  return sink.received
}

t.test('another reader goes on at any place of a stream, in either framing', async t => {
  const streams = [
    '<1>a\n<2>bc\r\n\0<3>d',
    '<1>a\0<2>user\n<3>d\0',
    '4 <1>a9 <2>b\nmore1 c\n4 <4>d',
    '<1>line\n11 <2>counted!11 <3>counted!<4>line\n12 <5>short\n',
    '1 2026-11-20 a\n31222 06/01 b\n948077334.88 d\n',
    '4 <1>a0012 <2>b\n',
    `<1>${'x'.repeat(70_000)}\n<2>b\n`.slice(69_900),
  ]
  for (const stream of streams) {
    const whole = hear(stream)
    t.ok(whole.length > 0)
    for (let at = 1; at < stream.length; at++) t.same(hear(stream.slice(0, at), stream.slice(at)), whole, `${stream} at ${at}`)
    t.same(hear(...stream), whole, 'a restart after each byte')
  }
  t.same(hear(`<1>${'x'.repeat(70_000)}`, 'x', 'x\n<2>b\n'), [`${peer} !oversize`, `${peer} <2>b`])
  t.same(hear('70000 <1>', 'x'.repeat(69_997), '4 <2>b'), [`${peer} !oversize`, `${peer} <2>b`])
})

t.test('the same in whatever pieces TCP brings it', async t => {
  const message = fc.tuple(fc.nat(9), fc.nat(20)).map(([name, more]) => `<14>m${name}${'x'.repeat(more)}`)
  const part = fc.oneof(
    message.map(text => `${text.length} ${text}`),
    message.map(text => `${text}\n`),
  )
  const run = fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 12 }), (parts, length) => {
    const stream = parts.join('')
    const pieces = Array.from({ length: Math.ceil(stream.length / length) }, (_, i) => stream.slice(i * length, (i + 1) * length))
    assert.deepEqual(hear(...pieces), hear(stream))
  })
  t.doesNotThrow(() => fc.assert(run, { numRuns: 200 }))
})

t.test('what is not what was written is left out, and the rest is read', async t => {
  const reader = new FrameReader(new TestSink(), peer)
  reader.push(Buffer.from('<13>half'))
  const line = encodeKept(7, { descriptor: 3, peer, unfinished: reader.suspend() })
  const changed = line.replace('"socket":7', '"socket":9')
  const newer = encodeKept(8, { descriptor: 3, peer, unfinished: { numbers: [0, 9, 0, 0, 0, 0], held: Buffer.alloc(0) } })
  t.same([...decodeKept(`${changed}${newer}nonsense\n\n${line}${line.slice(0, 40)}`).keys()], [7])
  t.equal(decodeKept(line).get(7)?.unfinished.held.toString(), '<13>half')
})
