import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { EventRecord, SOURCE } from '../event.ts'
import { formatAddress } from '../lib/address.ts'
import { Message } from '../message.ts'
import { fortigate } from './fortigate.ts'
import { netfilter } from './netfilter.ts'
import { bothWays, END, Pairs, type PairsFormat, Span } from './pairs.ts'
import { sonicwall } from './sonicwall.ts'
import { sophosXg } from './sophos-xg.ts'

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

t.test('a quote that never closes takes the rest of the message', async t => {
  t.same(walk('src=192.0.2.1 msg="user src=192.0.2.9 dst=192.0.2.8'), ['src=192.0.2.1', 'msg=user src=192.0.2.9 dst=192.0.2.8'])
  t.same(walk('src=192.0.2.1 x="user src=192.0.2.9'), ['src=192.0.2.1'])
  t.same(walk(String.raw`msg="a\"`), [String.raw`msg=a\"`])
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

t.test('adds both ways, and says nothing rather than something wrong', async t => {
  t.same([bothWays(1, 2), bothWays(-1, 2), bothWays(1, -1), bothWays(-1, -1)], [3, 2, 1, -1])
  t.equal(bothWays(Number.MAX_SAFE_INTEGER, 1), -1)
})

/** The same in the plainest way: blank separated, one regular expression. */
function plainly(text: string): string[] {
  const found: string[] = []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters separate
  const pattern = /[^\x00-\x20=]*=(?:"((?:[^"\\]|\\[\s\S])*)(?:"|\\?$)|([^\x00-\x20]*))|[^\x00-\x20=]+/g
  for (const match of text.matchAll(pattern)) {
    const name = match[0].slice(0, match[0].indexOf('='))
    if (names.includes(name) && match[0].includes('=')) found.push(`${name}=${match[1] ?? match[2]}`)
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

t.test('no bytes make a reader of pairs throw or leave the message', async t => {
  const message = new Message()
  const event = new EventRecord()
  const readers = [fortigate, sophosXg, sonicwall, netfilter]
  let events = 0
  for (const reader of readers) {
    const file = new URL(`fixtures/${reader.name}.jsonl`, import.meta.url)
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
    let seed = 7
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from((JSON.parse(lines[round % lines.length]) as { line: string }).line)
      for (let i = 0; i < 1 + (round % 7); i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        bytes[(seed >>> 8) % bytes.length] = ' ="\\:[]|,0\n'.charCodeAt(seed % 11)
      }
      message.bytes = bytes
      message.start = message.body = 0
      message.end = bytes.length - (round % 3 === 0 ? (seed >>> 8) % bytes.length : 0)
      event.reset()
      if (reader.claims(message) && reader.read(message, event) === 1) events++
    }
  }
  t.ok(events > 1000, `${events} were still read`)
})
