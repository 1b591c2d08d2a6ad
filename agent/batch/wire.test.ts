import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../errors.ts'
import { makeCode, normaliseCode } from '../lib/typed-code.ts'
import { BATCH_FIXED_BYTES, type BatchFrame, buildShedFrame, decodeFrame, signFrame, verifyFrame } from './frame.ts'
import { generateSealKeyPair, openFrame, sealBatch, sealKeyId } from './seal.ts'

const device = '01234567-89ab-4def-8123-456789abcdef'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const packed = Buffer.from('what was packed')
const previous = Buffer.alloc(32, 7)

const newFrame = async (seal: { publicKey: Uint8Array }, sequence = 5) => sealBatch(packed, { device, sequence, previous }, seal.publicKey)
const readSigned = (bytes: Uint8Array, key = publicKey) => verifyFrame(decodeFrame(bytes), [key])

t.test('a sealed and signed batch is read by central, and by nobody else', async t => {
  const seal = await generateSealKeyPair()
  const sealed = await newFrame(seal)
  t.notOk(Buffer.from(sealed.bytes).includes(packed), 'what lies in the spool cannot be read')
  const wire = signFrame(sealed.bytes, privateKey)
  const frame = readSigned(wire.bytes) as BatchFrame
  t.match(frame, { kind: 'batch', device, sequence: 5, previous, sealKey: sealKeyId(seal.publicKey) })
  t.strictSame(frame.hash, sealed.hash)
  t.equal(readSigned(wire.bytes, other.publicKey), undefined, 'refuses the key of another device')
  t.ok(verifyFrame(decodeFrame(wire.bytes), [other.publicKey, publicKey]), 'takes any key of the device')
  t.strictSame(Buffer.from(await openFrame(frame, seal.privateKey)), packed)
  await t.rejects(openFrame(frame, (await generateSealKeyPair()).privateKey), { code: 'batch-malformed' })
})

t.test('a frame adds 176 bytes to what was packed', async t => {
  const seal = await generateSealKeyPair()
  t.equal(signFrame((await newFrame(seal)).bytes, privateKey).bytes.length, packed.length + 176)
  t.equal(BATCH_FIXED_BYTES, 176)
})

t.test('refuses a body under another header: sequence, device and chain are part of the seal', async t => {
  const seal = await generateSealKeyPair()
  const [one, two] = await Promise.all(
    [5, 6].map(async sequence => decodeFrame(signFrame((await newFrame(seal, sequence)).bytes, privateKey).bytes)),
  )
  if (one.kind !== 'batch' || two.kind !== 'batch') return t.fail('not a batch')
  await t.rejects(openFrame({ ...one, header: two.header }, seal.privateKey), { code: 'batch-malformed' })
})

const isRefused = (bytes: Uint8Array): boolean => {
  try {
    return readSigned(bytes) === undefined
  } catch (error) {
    if (error instanceof Failure && error.code === 'batch-malformed') return true
    throw error
  }
}

t.test('refuses every frame in which one bit was changed, and every one that was cut or made longer', async t => {
  const statement = buildShedFrame({ device, first: 3, last: 9, previous, lastHash: previous, rows: 1, messages: 2, reason: 'not-kept' })
  for (const { bytes } of [await newFrame(await generateSealKeyPair()), statement]) {
    const wire = Buffer.from(signFrame(bytes, privateKey).bytes)
    for (let bit = 0; bit < wire.length * 8; bit++) {
      const bad = Buffer.from(wire)
      bad[bit >> 3] ^= 1 << (bit & 7)
      if (!isRefused(bad)) t.fail(`bit ${bit} may be changed`)
    }
    for (let length = 0; length < wire.length; length++) if (!isRefused(wire.subarray(0, length))) t.fail(`${length} bytes are a frame`)
    t.ok(isRefused(Buffer.concat([wire, Buffer.alloc(1)])))
    t.notOk(isRefused(wire))
  }
})

t.test('refuses whatever bytes come, with one code', async t => {
  const noise = fc.uint8Array({ maxLength: 400 })
  const almost = fc.tuple(fc.constantFrom(1, 2), noise).map(([kind, bytes]) => Buffer.concat([Buffer.from([2, kind]), bytes]))
  t.doesNotThrow(() => fc.assert(fc.property(fc.oneof(noise, almost), isRefused), { numRuns: 500 }))
})

t.test('reading a frame makes nothing of what is in it: all of it is a view on what came', async t => {
  const bomb = Buffer.alloc(4 * 1024 * 1024, Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa4])) // records of msgpack
  t.throws(() => decodeFrame(bomb), { code: 'batch-malformed' })
  Buffer.from([2, 1]).copy(bomb)
  const frame = decodeFrame(bomb)
  if (frame.kind !== 'batch') return t.fail('not a batch')
  for (const part of [frame.header, frame.enc, frame.sealed, frame.previous, frame.unsigned, frame.signature])
    t.equal(part.buffer, bomb.buffer)
})

t.test('a statement about shed batches is signed like a batch, and has numbers only', async t => {
  const shed = { device, first: 3, last: 9, previous, lastHash: randomBytes(32), rows: 12, messages: 99, reason: 'not-kept' } as const
  const { bytes } = signFrame(buildShedFrame(shed).bytes, privateKey)
  t.match(readSigned(bytes), { kind: 'shed', ...shed })
  t.equal(bytes.length, 171)
  for (const change of [{ last: 2 }, { first: 0 }])
    t.throws(() => decodeFrame(signFrame(buildShedFrame({ ...shed, ...change }).bytes, privateKey).bytes), { code: 'batch-malformed' })
  const unknownReason = Buffer.from(bytes)
  unknownReason[106] = 1
  t.throws(() => decodeFrame(unknownReason), { code: 'batch-malformed' })
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
