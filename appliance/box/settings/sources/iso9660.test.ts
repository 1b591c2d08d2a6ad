import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { environmentOf } from '../../test-root.ts'
import { readIsoFile } from './iso9660.ts'
import { readEnvironment } from './ovf-environment.ts'

const SECTOR = 2048
const name = /^ovf[-_]env\.xml$/i
const text = '<Environment/>'

/** A disc with one file in its root folder (ECMA-119 8.4, 9.1). */
function disc(): Buffer {
  const image = Buffer.alloc(20 * SECTOR)
  image[16 * SECTOR] = 1
  image.write('CD001', 16 * SECTOR + 1)
  const root = image.subarray(16 * SECTOR + 156)
  root.writeUInt32LE(18, 2)
  root.writeUInt32LE(SECTOR, 10)
  const record = image.subarray(18 * SECTOR)
  record[0] = 33 + 13
  record.writeUInt32LE(19, 2)
  record.writeUInt32LE(text.length, 10)
  record[32] = 13
  record.write('OVF_ENV.XML;1', 33)
  image.write(text, 19 * SECTOR)
  return image
}

const readerOf = (image: Buffer) => async (position: number, length: number) => image.subarray(position, position + length)

t.test('finds the file', async t => {
  t.equal((await readIsoFile(readerOf(disc()), name, 65_536))?.toString(), text)
})

t.test('a damaged disc is as if the file were not there: each bit, each length, and noise', async t => {
  const whole = disc()
  for (const [from, to] of [
    [16 * SECTOR, 16 * SECTOR + 190],
    [18 * SECTOR, 18 * SECTOR + 80],
  ])
    for (let bit = from * 8; bit < to * 8; bit++) {
      const image = Buffer.from(whole)
      image[bit >> 3] ^= 1 << (bit & 7)
      await readIsoFile(readerOf(image), name, 65_536)
    }
  for (let length = 0; length < 256; length++) {
    const image = Buffer.from(whole)
    image[18 * SECTOR] = length
    const found = await readIsoFile(readerOf(image), name, 65_536)
    assert.ok(found === undefined || found.toString() === text)
  }
  const noise = fc.asyncProperty(fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { maxLength: 30 }), async changes => {
    const image = Buffer.from(whole)
    for (const [at, byte] of changes) image[at < 190 ? 16 * SECTOR + at : 18 * SECTOR + (at % SECTOR)] = byte
    await readIsoFile(readerOf(image), name, 65_536)
  })
  await t.resolves(fc.assert(noise))
})

t.test('an OVF environment of which bytes were changed is read or refused, and never throws', async t => {
  const whole = Buffer.from(environmentOf({ 'host-name': 'alarm', 'network-address': '192.0.2.10/24' }))
  const property = fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), changes => {
    const changed = Buffer.from(whole)
    for (const [at, byte] of changes) changed[at] = byte
    assert.ok(['text', 'fault'].includes(readEnvironment(changed.toString('utf8')).kind))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
  for (const entity of ['&#0;', '&#x110000;', '&#xFFFFFFFFFF;', '&#-1;', '&#xD800;'])
    t.ok(readEnvironment(whole.toString().replace('alarm', entity)).kind, entity)
})
