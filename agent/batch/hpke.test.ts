import { createHash, randomBytes } from 'node:crypto'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import t from 'tap'
import { contextFor, generatePair, open, privateKeyOf, publicKeyOf, seal } from './hpke.ts'

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer
const info = Buffer.from('a purpose')
const aad = Buffer.from('a header')
const context = contextFor(info)
const KNOWN = {
  enc: 'f0a9a70e2c7a596023c524c12463c703adaa6e0c771c73d5dec3691f038e0b0a',
  sealed: 'fc60f07fc648092423f1b4d3605214dd9ec22dcb15205135c6fd705dcbfebb0cba3a746553ace5785a6780c33e2f9102',
}
const sizes = [0, 1, 15, 16, 17, 1000, 70_000]

t.test('another implementation opens what this one seals, and the other way round', async t => {
  const pair = generatePair()
  const recipientKey = await suite.kem.deserializePrivateKey(exact(pair.privateKey))
  const recipientPublicKey = await suite.kem.deserializePublicKey(exact(pair.publicKey))
  for (const size of sizes) {
    const plain = randomBytes(size)
    const { enc, sealed } = seal(plain, aad, context, publicKeyOf(pair.publicKey))
    t.equal(enc.length, 32)
    t.same(Buffer.from(await suite.open({ recipientKey, enc: exact(enc), info: exact(info) }, exact(sealed), exact(aad))), plain)
    const theirs = await suite.seal({ recipientPublicKey, info: exact(info) }, exact(plain), exact(aad))
    const message = { enc: new Uint8Array(theirs.enc), sealed: new Uint8Array(theirs.ct) }
    t.same(open(message, aad, context, privateKeyOf(pair.privateKey)), plain)
  }
})

t.test('opens a message that was sealed once and for all by the other implementation', async t => {
  const from = (text: string) => createHash('sha256').update(text).digest()
  const kem = suite.kem as DhkemX25519HkdfSha256
  const recipient = await kem.deriveKeyPair(exact(from('recipient')))
  const sender = await kem.deriveKeyPair(exact(from('sender')))
  const { ct, enc } = await suite.seal(
    { recipientPublicKey: recipient.publicKey, info: exact(info), ekm: sender },
    exact(from('plain')),
    exact(aad),
  )
  const privateKey = new Uint8Array(await kem.serializePrivateKey(recipient.privateKey))
  t.equal(Buffer.from(enc).toString('hex'), KNOWN.enc)
  t.equal(Buffer.from(ct).toString('hex'), KNOWN.sealed)
  const message = { enc: Buffer.from(KNOWN.enc, 'hex'), sealed: Buffer.from(KNOWN.sealed, 'hex') }
  t.same(open(message, aad, context, privateKeyOf(privateKey)), from('plain'))
})

t.test('does not open with a byte changed, another key, purpose or header, or a key of low order', async t => {
  const pair = generatePair()
  const key = privateKeyOf(pair.privateKey)
  const { enc, sealed } = seal(Buffer.from('plain'), aad, context, publicKeyOf(pair.publicKey))
  const flip = (bytes: Uint8Array, at: number) => Buffer.from(bytes).fill(bytes[at] ^ 1, at, at + 1)
  for (let at = 0; at < enc.length; at++) t.throws(() => open({ enc: flip(enc, at), sealed }, aad, context, key))
  for (let at = 0; at < sealed.length; at++) t.throws(() => open({ enc, sealed: flip(sealed, at) }, aad, context, key))
  t.throws(() => open({ enc, sealed }, aad, context, privateKeyOf(generatePair().privateKey)))
  t.throws(() => open({ enc, sealed }, aad, contextFor(Buffer.from('another purpose')), key))
  t.throws(() => open({ enc, sealed }, Buffer.from('another header'), context, key))
  t.throws(() => open({ enc, sealed: sealed.subarray(0, -1) }, aad, context, key))
  t.throws(() => open({ enc, sealed: new Uint8Array(0) }, aad, context, key))
  // RFC 7748 section 6.1: such a key gives the same secret to everybody
  for (const low of [0, 1]) t.throws(() => open({ enc: Buffer.alloc(32).fill(low, 0, 1), sealed }, aad, context, key))
  t.throws(() => publicKeyOf(new Uint8Array(31)), RangeError)
  t.throws(() => open({ enc: enc.subarray(1), sealed }, aad, context, key), RangeError)
})
