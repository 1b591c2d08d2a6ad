import assert from 'node:assert/strict'
import { isIP, isIPv4 } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { formatAddress, parseAddress, readAddress, readIPv4 } from './address.ts'

const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }))
const address = fc.tuple(word, word, word, word).map(words => Uint32Array.from(words))
const isMapped = (words: Uint32Array): boolean => words[0] === 0 && words[1] === 0 && words[2] === 0xffff

t.test('an address that is written is read back as it was', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(address, words => assert.deepEqual(parseAddress(formatAddress(words)), words)),
      { numRuns: 300 },
    ),
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.ipV4(), text => assert.equal(formatAddress(parseAddress(text) ?? new Uint32Array(4)), text)),
      { numRuns: 100 },
    ),
  )
})

t.test('spells IPv6 as RFC 5952 and the URL standard do', async t => {
  const hostname = (text: string) => new URL(`http://[${text}]/`).hostname.slice(1, -1)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        address.filter(words => !isMapped(words)),
        words => {
          const text = formatAddress(words)
          assert.equal(text, hostname(text))
        },
      ),
      { numRuns: 300 },
    ),
  )
  for (const [spelt, short] of [
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::FFFF:203.0.113.9', '203.0.113.9'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['[fe80::1%eth0]', 'fe80::1'],
  ])
    t.equal(formatAddress(parseAddress(spelt) ?? new Uint32Array(4)), short, spelt)
})

t.test('takes what Node takes for an address, and nothing else', async t => {
  const piece = fc.constantFrom('0', '1', '25', '255', '256', '01', 'ab', 'ffff', '10000', 'g', '.', '.', ':', ':', '::', '')
  const alike = fc.oneof(
    fc.array(piece, { maxLength: 17 }).map(pieces => pieces.join('')),
    fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(45), piece).map(([text, at, put]) => text.slice(0, at) + put + text.slice(at)),
  )
  const judge = (text: string) => assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, `'${text}'`)
  t.doesNotThrow(() => fc.assert(fc.property(alike, judge), { numRuns: 2000 }))
  for (const text of [
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '1.2.3',
    '1.2.3.4.5',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1',
    '+1.2.3.4',
  ])
    t.doesNotThrow(() => judge(text), text)
})

t.test('refuses IPv4 with leading zeros, which some read as octal', async t => {
  const read = (text: string) => readIPv4(Buffer.from(text), 0, text.length)
  t.equal(read('10.0.0.8'), 0x0a000008)
  for (const text of ['010.0.0.8', '10.00.0.8', '10.0.0.08']) t.equal(read(text), -1, text)
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.string({ maxLength: 16 }), text => assert.equal(read(text) >= 0, isIPv4(text), `'${text}'`))),
  )
})

t.test('a reading depends on nothing outside its two offsets, and writes nothing when it fails', async t => {
  const around = fc.uint8Array({ minLength: 8, maxLength: 8 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 })), around, around, (text, before, after) => {
        const own = Buffer.from(text, 'latin1')
        const words = Uint32Array.of(9, 9, 9, 9, 9, 9)
        const isRead = readAddress(Buffer.concat([before, own, after]), 8, 8 + own.length, words, 1)
        assert.deepEqual(words.subarray(1, 5), isRead ? parseAddress(text) : Uint32Array.of(9, 9, 9, 9))
        assert.equal(isRead, parseAddress(text) !== undefined)
        assert.deepEqual([words[0], words[5]], [9, 9])
      }),
      { numRuns: 300 },
    ),
  )
})

t.test('reads IPv4 alike whether or not there are bytes after it', async t => {
  const part = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '01', '256', '1234', 'a', '1:', '/', '-1', '+1', 'é'))
  const dotted = fc.array(part, { minLength: 3, maxLength: 5 }).map(parts => parts.join('.'))
  const property = fc.property(fc.oneof(fc.ipV4(), dotted), fc.constantFrom('0', '.', '.1', ' ', ':443', ''), (text, next) => {
    const alone = Buffer.from(text, 'latin1')
    const followed = Buffer.from(`${text}${next}        `, 'latin1')
    assert.equal(readIPv4(followed, 0, alone.length), readIPv4(alone, 0, alone.length), text)
    assert.equal(readIPv4(alone, 0, alone.length) >= 0, isIPv4(text), text)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3000 }))
})
