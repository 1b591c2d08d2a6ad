import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { EventRecord, SOURCE } from '../../event.ts'
import { formatAddress } from '../../lib/address.ts'
import { Message } from '../../message.ts'
import { readFixtures } from '../../testing/fixtures.ts'
import { recognisers } from '../index.ts'
import { END, Pairs, type PairsFormat } from './pairs.ts'
import { Span } from './span.ts'

const keys = { date: 1, src: 2, dst: 3, msg: 4, url: 5, n: 6 }
const names = Object.keys(keys)

function walk(text: string, format?: PairsFormat, fields: Record<string, number> = keys): string[] {
  const pairs = new Pairs(fields, format)
  const before = Buffer.from('src=front dst="', 'latin1')
  const body = Buffer.from(text, 'latin1')
  const bytes = Buffer.concat([before, body, Buffer.from('behind" src=behind =', 'latin1')])
  pairs.begin(bytes, before.length, before.length + body.length)
  const found: string[] = []
  for (let field = pairs.next(); field !== END; field = pairs.next())
    found.push(`${names[field - 1] ?? field}=${bytes.toString('latin1', pairs.start, pairs.end)}`)
  return found
}

t.test('hands out the values of known keys, without their quotes', async t => {
  t.same(walk('date=2026-11-20 x=1 src=192.0.2.1 msg="two words" dst=198.51.100.2'), [
    'date=2026-11-20',
    'src=192.0.2.1',
    'msg=two words',
    'dst=198.51.100.2',
  ])
})

t.test('an escaped quote does not end a value, an escaped backslash does not escape', async t => {
  t.same(walk(String.raw`url="/?\"src=192.0.2.9 " src=192.0.2.1`), [String.raw`url=/?\"src=192.0.2.9 `, 'src=192.0.2.1'])
  t.same(walk(String.raw`msg="C:\\" src=192.0.2.1`), [String.raw`msg=C:\\`, 'src=192.0.2.1'])
})

t.test('nothing inside a value is a key', async t => {
  t.same(walk('url=/a?src=192.0.2.9&dst=192.0.2.8 x="src=192.0.2.7 dst=192.0.2.6" src=192.0.2.1'), [
    'url=/a?src=192.0.2.9&dst=192.0.2.8',
    'src=192.0.2.1',
  ])
})

t.test('a quote that never closes takes the rest of the message, and what is left of its value is no value', async t => {
  t.same(walk('src=192.0.2.1 msg="user src=192.0.2.9 dst=192.0.2.8'), ['src=192.0.2.1'])
  t.same(walk('src=192.0.2.1 x="user src=192.0.2.9'), ['src=192.0.2.1'])
  t.same(walk('dst=192.0.2.2 src="192.0.2.1'), ['dst=192.0.2.2'])
  t.same(walk('dst=192.0.2.2 src="'), ['dst=192.0.2.2'])
  t.same(walk(String.raw`msg="a\"`), [])
})

t.test('reads on behind empty values, words without a value, and values with blanks in them', async t => {
  t.same(walk('src= dst="" n= = == <30>date=1 word site=Information Technology msg= n=5'), ['src=', 'dst=', 'n=', 'msg=', 'n=5'])
  t.same(walk('src=192.0.2.1 dst'), ['src=192.0.2.1'])
  t.same(walk('src=192.0.2.1\tdst=192.0.2.2\r\nn=3'), ['src=192.0.2.1', 'dst=192.0.2.2', 'n=3'])
  t.same(walk(''), [])
})

t.test('hands out a repeated key each time, and a span keeps the first', async t => {
  t.same(walk('src=192.0.2.1 src=192.0.2.9'), ['src=192.0.2.1', 'src=192.0.2.9'])
  const pairs = new Pairs(keys)
  const span = new Span()
  pairs.begin(Buffer.from('msg= msg=first msg=second'), 0, 25)
  while (pairs.next() !== END) pairs.keep(span)
  t.same([span.start, span.end], [9, 14])
})

t.test('walks other separators and signs', async t => {
  t.same(walk('date=1,time=2, src=192.0.2.1,msg="a, src=b",n=two words,dst=x', { separator: ',' }), [
    'date=1',
    'src=192.0.2.1',
    'msg=a, src=b',
    'n=two words',
    'dst=x',
  ])
  t.same(walk('date=1|src=192.0.2.1|word|msg=a b|x=|n=6', { separator: '|' }), ['date=1', 'src=192.0.2.1', 'msg=a b', 'n=6'])
  t.same(walk('date=1\tsrc=a b\tn=6', { separator: '\t' }), ['date=1', 'src=a b', 'n=6'])
  t.same(walk('src:"192.0.2.1"; flags:"1"; dst:"192.0.2.2"', { separator: ';', assign: ':' }), ['src=192.0.2.1', 'dst=192.0.2.2'])
})

t.test('no other key is taken for a known one, however alike they are', async t => {
  // same length, first, middle and last byte: what the table looks at before it compares
  const alike = { abcde: 1, axcxe: 2 }
  t.same(walk('abcde=1 axcxe=2 aycye=3 abcd=4 abcdee=5 ABCDE=6', undefined, alike), ['date=1', 'src=2'])
  for (const length of [127, 128, 129, 255, 256, 257, 258, 300]) t.same(walk(`${'n'.repeat(length)}=1 n=2`), ['n=2'], `${length}`)
  t.same(walk(`${'date'.repeat(64)}e=1 src=2`), ['src=2'])
})

t.test('reads a value as an address, a number, an identifier or a port', async t => {
  const pairs = new Pairs({ a: 1 })
  const event = new EventRecord()
  const value = (text: string) => {
    pairs.begin(Buffer.from(`a=${text}`), 0, text.length + 2)
    pairs.next()
    return pairs
  }
  t.ok(value('"2001:db8::7"').address(event.words, SOURCE))
  t.equal(formatAddress(event.words, SOURCE), '2001:db8::7')
  t.notOk(value('host').address(event.words, SOURCE))
  t.same([value('443').port(), value('65536').port(), value('"443"').port(), value('').port()], [443, -1, 443, -1])
  t.same([value('4294967295').identifier(), value('4294967296').identifier(), value('7x').identifier()], [4294967295, -1, -1])
  t.same([value('9007199254740991').decimal(), value('99999999999999999999').decimal()], [9007199254740991, -1])
})

/** The same in the plainest way: blank separated, one regular expression. */
function plainly(text: string): string[] {
  const found: string[] = []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters separate
  const pattern = /[^\x00-\x20=]*=(?:"((?:[^"\\]|\\[\s\S])*)("|\\?$)|([^\x00-\x20]*))|[^\x00-\x20=]+/g
  for (const match of text.matchAll(pattern)) {
    const name = match[0].slice(0, match[0].indexOf('='))
    // a quote that never closes
    if (match[2] === '' || match[2] === '\\') continue
    if (names.includes(name) && match[0].includes('=')) found.push(`${name}=${match[1] ?? match[3]}`)
  }
  return found
}

t.test('finds in any text what a plain reader finds', async t => {
  const piece = fc.oneof(
    fc.constantFrom(...names, 'daze', 'sxc', ' ', ' ', '=', '=', '"', 'a', '192.0.2.1', '\t', '\n', ',', '|'),
    fc.constantFrom('src="', 'msg="a b" ', 'n=1 ', 'word ', '"" '),
  )
  const property = fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
    const text = pieces.join('')
    return walk(text).join('\u0000') === plainly(text).join('\u0000')
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000, seed: 20261120 }))
})

/** Pairs of bytes[start, end) as offsets; without bytes behind the end nothing can be followed, and all is read. */
function offsets(pairs: Pairs, text: Buffer, behind: string): number[][] {
  const bytes = Buffer.concat([Buffer.from('src="'), text, Buffer.from(behind)])
  const found: number[][] = []
  pairs.begin(bytes, 5, 5 + text.length)
  for (let field = pairs.next(); field !== END; field = pairs.next()) found.push([field, pairs.start - 5, pairs.end - 5])
  return found
}

const lines: readonly string[] = [
  'date=2026-11-20 host="fw 1" src=192.0.2.1 port=1 dst=198.51.100.2 x="a" msg="two words" url=/a n=5',
  'date=2026-11-20 host="fw 1" n=5 msg="other" y=7 src=192.0.2.1 site=Information Technology dst=198.51.100.2 tail="x"',
  'id=firewall date="2026-11-20 12:00:00" m=36 src=192.0.2.1:5 msg="" dst= n=1',
]

t.test('what is known of earlier messages changes no answer, whatever is done to a message', async t => {
  const value = fc.constantFrom('', '1', '22', '192.0.2.77', '"', '"a b"', '"src=192.0.2.9"', String.raw`"\"src=1 "`, 'a"b', 'é', '\u0000')
  const change = fc.record({ kind: fc.nat(7), at: fc.nat(200), to: fc.nat(20), value })
  const message = fc.tuple(fc.constantFrom(...lines), fc.array(change, { maxLength: 3 }), fc.constantFrom(...' ,|\t'))
  const known = new Map([' ', ',', '|', '\t'].map(separator => [separator, new Pairs(keys, { separator })]))
  const plain = new Map([' ', ',', '|', '\t'].map(separator => [separator, new Pairs(keys, { separator })]))
  const property = fc.property(message, ([line, changes, separator]) => {
    let words = line.split(/ (?=[a-z]+=)/)
    for (const { kind, at, to, value } of changes) {
      const word = at % words.length
      const own = words[word] ?? ''
      if (kind <= 2) words[word] = `${own.split('=')[0]}=${value}`
      else if (kind === 3) words.splice(word, 1, ...words.slice(word, word + 2))
      else if (kind === 4) words.splice(to % words.length, 0, ...words.splice(word, 1))
      else if (kind === 5) words[word] = own.slice(0, to) + separator + own.slice(to)
      else if (kind === 6) words = words.join('\n').slice(0, at).split('\n')
      else words.splice(word, 1)
      if (words.length === 0) words.push('')
    }
    const text = Buffer.from(words.join(separator))
    const pairs = known.get(separator) ?? new Pairs(keys)
    // whoever sends nothing but surprises is only read
    for (let i = 0; i < 3; i++) offsets(pairs, Buffer.from(line.replaceAll(/ (?=[a-z]+=)/g, separator)), '        ')
    const followed = offsets(pairs, text, '1" src=192.0.2.9 ')
    assert.deepEqual(followed, offsets(plain.get(separator) ?? new Pairs(keys), text, ''), text.toString())
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 6000, seed: 20261120 }))
  for (const [separator, pairs] of known) t.ok(pairs.asExpected > 3000, `'${separator}': ${pairs.asExpected} messages were as expected`)
  for (const pairs of plain.values()) t.equal(pairs.asExpected, 0, 'the other side of the comparison only reads')
})

t.test('what would be expected behind the end of a message is no part of it', async t => {
  for (const line of lines)
    for (let cut = 0; cut < line.length; cut++) {
      const pairs = new Pairs(keys)
      for (let i = 0; i < 3; i++) offsets(pairs, Buffer.from(line), '        ')
      const text = Buffer.from(line.slice(0, cut))
      t.same(offsets(pairs, text, `${line.slice(cut)}        `), offsets(new Pairs(keys), text, ''), `${text}`)
    }
})

t.test('a device that keeps to its layouts is soon known', async t => {
  const pairs = new Pairs(keys)
  for (let i = 0; i < 2000; i++) {
    const line = lines[i % 3].replaceAll('192.0.2.1', `192.0.2.${i % 256}`).replace('port=1', `port=${i}`)
    offsets(pairs, Buffer.from(line), '        ')
  }
  t.ok(pairs.asExpected > 1700, `${pairs.asExpected} of 2000 messages were as expected`)
})

t.test('no message is too long or has too many pairs to be read', async t => {
  const pairs = new Pairs(keys)
  for (let i = 0; i < 100; i++) {
    t.same(offsets(pairs, Buffer.from(`n=1 ${'x=1 '.repeat(200)}src=2`), '        ').length, 2)
    t.same(offsets(pairs, Buffer.from(`n=1 msg="${'x'.repeat(5000)}" src=2`), '        ').length, 3)
    t.same(offsets(pairs, Buffer.from(''), '        '), [])
  }
})

t.test('no bytes make a recogniser throw or leave the message', async t => {
  const message = new Message()
  const event = new EventRecord()
  const products = readFixtures()
  let events = 0
  for (const reader of recognisers) {
    const fixtures = products.get(reader.name) ?? []
    let seed = 7
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(fixtures[round % fixtures.length].line)
      for (let i = 0; i < 1 + (round % 7); i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        bytes[(seed >>> 8) % bytes.length] = ' ="\\:[]|,0\n'.charCodeAt(seed % 11)
      }
      message.bytes = bytes
      message.start = message.body = 0
      message.end = bytes.length - (round % 3 === 0 ? (seed >>> 8) % bytes.length : 0)
      event.reset()
      const start = reader.claims(message)
      if (start >= 0 && reader.read(message, event, start) === 1) events++
    }
  }
  t.ok(events > 1000, `${events} were still read`)
})
