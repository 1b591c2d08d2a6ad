// Threads that open batches, for real: what hangs, hoards or does not start costs the batch in it, and nothing else.
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type TAP } from 'tap'
import { type BatchFrame, decodeFrame, signFrame, verifyFrame } from '../../agent/batch/frame.ts'
import { generateSealKeyPair, sealBatch } from '../../agent/batch/seal.ts'
import { newKey, packRows } from '../test-box.ts'
import { Opening, openingLimits } from './opening.ts'

t.setTimeout(120_000)
const seal = await generateSealKeyPair()
const device = '01234567-89ab-4def-8123-456789abcdef'
const key = newKey()
const thread = new URL('opening-thread.ts', import.meta.url).href

async function frameOf(packed: Uint8Array, sequence = 1, sealKey = seal.publicKey): Promise<BatchFrame> {
  const { bytes } = await sealBatch(packed, { device, sequence, previous: new Uint8Array(32) }, sealKey)
  const frame = verifyFrame(decodeFrame(signFrame(bytes, key).bytes), [createPublicKey(key)])
  if (frame?.kind !== 'batch') throw new Error('not a batch')
  return frame
}

function start(t: Pick<TAP, 'teardown'>, limits: Partial<typeof openingLimits> = {}, program?: URL) {
  const reported: unknown[] = []
  const opening = new Opening({ sealKey: seal.privateKey }, error => reported.push(error), { ...openingLimits, ...limits }, program)
  t.teardown(() => opening.close())
  return { opening, reported }
}

/** A program that does `harm` with batch 13, and opens the others. */
function harmful(t: Pick<TAP, 'testdir'>, harm: string): URL {
  const script = `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ header }) => { if (header[23] === 13) { ${harm} } })
    await import(${JSON.stringify(thread)})`
  return pathToFileURL(join(t.testdir({ 'harmful.mjs': script }), 'harmful.mjs'))
}

t.test('columns come back from the thread, whatever is wrong with other batches', async t => {
  const { opening } = start(t)
  const [small, large] = await Promise.all([packRows(3), packRows(32_768)])
  const other = await generateSealKeyPair()
  const outcomes = await Promise.allSettled([
    opening.open(await frameOf(small)),
    opening.open(await frameOf(small, 2, other.publicKey)),
    opening.open(await frameOf(Buffer.from('no batch'), 3)),
    opening.open(await frameOf(large, 4)),
  ])
  t.match(outcomes, [
    { value: { rows: 3, messages: 6, reasons: ['blocked'] } },
    { reason: { code: 'seal-wrong' } },
    { reason: { code: 'batch-malformed' } },
    { value: { rows: 32_768 } },
  ])
})

t.test('connections are served while batches are opened', async t => {
  const { opening } = start(t)
  const frames = await Promise.all(Array.from({ length: 25 }, async (_, i) => frameOf(await packRows(32_768), i + 1)))
  await opening.open(frames[0])
  let longest = 0
  let last = performance.now()
  const began = last
  const ticks = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  await Promise.all(frames.map(frame => opening.open(frame)))
  clearInterval(ticks)
  const took = performance.now() - began
  t.ok(longest < took / 2, `stood still for ${longest.toFixed()} ms of ${took.toFixed()} ms`)
})

for (const [what, limits, harm] of [
  ['takes the processor for ever', { cpuMs: 200 }, 'for (;;);'],
  ['stands still', { timeMs: 1000 }, 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
  ['takes all memory', { cpuMs: 60_000 }, 'const hoard = []; for (;;) hoard.push(new Array(1000).fill(0).map(() => ({})))'],
] as const)
  t.test(`a batch that ${what} is refused alone, and its thread is replaced`, async t => {
    const { opening, reported } = start(t, { threads: 1, ...limits }, harmful(t, harm))
    const small = await packRows(3)
    t.match(await opening.open(await frameOf(small, 1)), { rows: 3 })
    const outcomes = await Promise.allSettled([13, 14, 15].map(async sequence => opening.open(await frameOf(small, sequence))))
    t.match(outcomes, [{ reason: { code: 'batch-too-costly', status: 422 } }, { value: { rows: 3 } }, { value: { rows: 3 } }])
    t.match(String(reported.at(-1)), `batch 13 of ${device}`)
  })

t.test('a thread that does not start is told to whoever waits, and tried again with the next batch', async t => {
  const program = pathToFileURL(join(t.testdir({ 'broken.mjs': 'throw new Error("does not start")' }), 'broken.mjs'))
  const { opening, reported } = start(t, {}, program)
  const frame = await frameOf(await packRows(3))
  for (const time of [1, 2]) {
    await t.rejects(opening.open(frame), { code: 'central-failed' })
    t.equal(reported.length, time)
  }
})

t.test('closing ends what is being opened', async t => {
  const { opening } = start(t, { threads: 1 })
  const frame = await frameOf(await packRows(32_768))
  const outcomes = Promise.allSettled([opening.open(frame), opening.open(frame)])
  await opening.close()
  t.match(await outcomes, [{ reason: { code: 'central-failed' } }, { reason: { code: 'central-failed' } }])
})
