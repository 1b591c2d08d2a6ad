import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { makeCode, normaliseCode } from '../lib/typed-code.ts'
import { type BatchFrame, buildShedFrame, decodeFrame, signFrame, verifyFrame } from './frame.ts'
import { signReceipt, verifyReceipt } from './receipt.ts'
import { generateSealKeyPair, openFrame, sealBatch, sealKeyId } from './seal.ts'

const device = '01234567-89ab-4def-8123-456789abcdef'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const packed = Buffer.from('what was packed')
const previous = Buffer.alloc(32, 7)

t.test('a sealed and signed batch is read by central, and by nobody else', async t => {
  const seal = await generateSealKeyPair()
  const sealed = await sealBatch(packed, { device, sequence: 5, previous }, seal.publicKey)
  t.notOk(Buffer.from(sealed.bytes).includes(packed), 'what lies in the spool cannot be read')
  const wire = signFrame(sealed.bytes, privateKey)
  const frame = decodeFrame(wire.bytes) as BatchFrame
  t.match(frame, { kind: 'batch', device, sequence: 5, sealKey: sealKeyId(seal.publicKey) })
  t.strictSame(Buffer.from(frame.hash), Buffer.from(sealed.hash))
  t.ok(verifyFrame(frame, publicKey))
  t.notOk(verifyFrame(frame, other.publicKey), 'refuses the key of another device')
  t.strictSame(Buffer.from(await openFrame(frame, seal.privateKey)), packed)
  await t.rejects(openFrame(frame, (await generateSealKeyPair()).privateKey), { code: 'batch-malformed' })
})

t.test('refuses a body under another header: sequence, device and chain are part of the seal', async t => {
  const seal = await generateSealKeyPair()
  const [one, two] = await Promise.all(
    [5, 6].map(
      async sequence =>
        decodeFrame(
          signFrame((await sealBatch(packed, { device, sequence, previous }, seal.publicKey)).bytes, privateKey).bytes,
        ) as BatchFrame,
    ),
  )
  await t.rejects(openFrame({ ...one, header: two.header }, seal.privateKey), { code: 'batch-malformed' })
})

t.test('refuses every frame in which one byte was changed', async t => {
  const seal = await generateSealKeyPair()
  const wire = Buffer.from(signFrame((await sealBatch(packed, { device, sequence: 5, previous }, seal.publicKey)).bytes, privateKey).bytes)
  for (let i = 0; i < wire.length; i++) {
    const bad = Buffer.from(wire)
    bad[i] ^= 1
    let isAccepted = false
    try {
      isAccepted = verifyFrame(decodeFrame(bad), publicKey)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'batch-malformed')) t.fail(`byte ${i}: ${error}`)
    }
    if (isAccepted) t.fail(`byte ${i} may be changed`)
  }
  t.ok(verifyFrame(decodeFrame(wire), publicKey))
})

t.test('refuses whatever bytes come, with one code', async t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      t.throws(() => decodeFrame(bytes), { code: 'batch-malformed' })
    }),
    { numRuns: 300 },
  )
})

t.test('a statement about shed batches is signed like a batch', async t => {
  const shed = { device, first: 3, last: 9, previous, lastHash: randomBytes(32), rows: 12, messages: 99, reason: 'not-kept' }
  const frame = decodeFrame(signFrame(buildShedFrame(shed).bytes, privateKey).bytes)
  t.match(frame, { kind: 'shed', device, first: 3, last: 9, rows: 12, messages: 99, reason: 'not-kept' })
  t.ok(verifyFrame(frame, publicKey))
  t.throws(() => decodeFrame(signFrame(buildShedFrame({ ...shed, last: 2 }).bytes, privateKey).bytes), { code: 'batch-malformed' })
})

t.test('a receipt is genuine only as central wrote it', async t => {
  const keys = generateKeyPairSync('ed25519')
  const receipt = signReceipt(
    { device, sequence: 4, hash: 'ab'.repeat(32), storedAt: '2026-11-21T12:00:00.000Z', key: 'k1' },
    keys.privateKey,
  )
  t.ok(verifyReceipt(receipt, keys.publicKey))
  const changed = [
    { sequence: 5 },
    { hash: 'cd'.repeat(32) },
    { device: device.replace('0', '1') },
    { storedAt: '2026-11-21T12:00:01.000Z' },
    { key: 'k2' },
    { signature: '' },
  ]
  for (const change of changed) t.notOk(verifyReceipt({ ...receipt, ...change }, keys.publicKey), JSON.stringify(change))
})

t.test('an enrolment code survives being typed, and a wrong letter is found', async t => {
  const code = makeCode(randomBytes)
  t.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]$/)
  const letters = normaliseCode(code)
  t.equal(letters?.length, 17)
  t.equal(normaliseCode(` ${code.toLowerCase().replaceAll('-', ' ')} `), letters)
  t.equal(normaliseCode(code.replaceAll('0', 'o').replaceAll('1', 'l')), letters, 'look-alikes are mended')
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  for (let i = 0; i < 17; i++)
    for (const letter of alphabet)
      if (letters !== undefined && letters[i] !== letter)
        if (normaliseCode(letters.slice(0, i) + letter + letters.slice(i + 1)) !== undefined)
          t.fail(`letter ${i} as ${letter} is not found`)
  t.equal(normaliseCode('3M7A'), undefined)
  t.equal(normaliseCode(`${code}U`), undefined)
})
