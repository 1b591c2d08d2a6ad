import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { formatAddress } from '../../lib/address.ts'
import { Columns } from './columns.ts'

function split(text: string, most = 8, wanted = most): string[] {
  const bytes = Buffer.from(text, 'latin1')
  const columns = new Columns(most)
  columns.split(bytes, 0, bytes.length, wanted)
  return Array.from({ length: columns.count }, (_, i) => bytes.toString('latin1', columns.start(i), columns.end(i)))
}

t.test('finds fields between commas, empty ones and the last one too', async t => {
  t.same(split('a,b,c'), ['a', 'b', 'c'])
  t.same(split(',,x,'), ['', '', 'x', ''])
  t.same(split(''), [''])
  t.same(split(' a , b'), [' a ', ' b'])
})

t.test('a field in quotes keeps its commas and its doubled quotes', async t => {
  t.same(split('1,"a, b",2'), ['1', 'a, b', '2'])
  t.same(split('"say ""x"", then","",""""'), ['say ""x"", then', '', '""'])
})

t.test('a quote inside a field is a letter, and what follows a closing quote is left out', async t => {
  t.same(split('5" pipe,b'), ['5" pipe', 'b'])
  t.same(split('"a"b,c'), ['a', 'c'])
})

t.test('a quote that never closes hides nothing: the rest of the message is that field', async t => {
  t.same(split('1,"open,192.0.2.1,2'), ['1', 'open,192.0.2.1,2'])
  t.same(split('1,"'), ['1', ''])
})

t.test('looks no further than it is asked to, and has no room for more than it was made for', async t => {
  t.same(split('a,b,c,d', 8, 2), ['a', 'b'])
  t.same(split('a,b,c,d', 3), ['a', 'b', 'c'])
  const columns = new Columns(2)
  columns.split(Buffer.from('a,bb,c'), 0, 6)
  t.equal(columns.next, 4, 'the comma behind the last column')
})

t.test('a column that is not there is no number, no port and no address', async t => {
  const bytes = Buffer.from('7,70000,192.0.2.1,2001:db8::1,x')
  const columns = new Columns(8)
  columns.split(bytes, 0, bytes.length)
  const words = new Uint32Array(4)
  t.equal(columns.decimal(0), 7)
  t.equal(columns.decimal(1), 70000)
  t.equal(columns.port(1), -1)
  t.equal(columns.decimal(4), -1)
  t.ok(columns.address(2, words, 0))
  t.equal(formatAddress(words), '192.0.2.1')
  t.ok(columns.address(3, words, 0))
  t.equal(formatAddress(words), '2001:db8::1')
  t.notOk(columns.address(4, words, 0))
  for (const missing of [5, 7, 8, 100]) {
    t.equal(columns.decimal(missing), -1)
    t.equal(columns.port(missing), -1)
    t.notOk(columns.address(missing, words, 0))
    t.equal(columns.start(missing), columns.end(missing))
  }
})

t.test('an address or a port at the very end of the text may have been cut, and is none', async t => {
  const columns = new Columns(4)
  const words = new Uint32Array(4)
  const begin = (text: string) => columns.split(Buffer.from(`${text}behind`), 0, text.length)
  begin('1,192.0.2.1')
  t.notOk(columns.address(1, words, 0))
  begin('1,192.0.2.1,')
  t.ok(columns.address(1, words, 0))
  begin('1,"192.0.2.1')
  t.notOk(columns.address(1, words, 0))
  begin('1,338')
  t.equal(columns.port(1), -1)
  begin('1,338,')
  t.equal(columns.port(1), 338)
})

t.test('forgets the message before', async t => {
  const columns = new Columns(4)
  columns.split(Buffer.from('1,2,3,4'), 0, 7)
  columns.split(Buffer.from('5'), 0, 1)
  t.equal(columns.count, 1)
  t.equal(columns.decimal(1), -1)
})

/** The rules of the file's head, said with strings. */
function splitSlowly(text: string, most: number): string[] {
  const found: string[] = []
  for (let rest: string | undefined = text; rest !== undefined && found.length < most; ) {
    const quoted: RegExpMatchArray | null = rest.match(/^"((?:[^"]|"")*)("|$)[^,]*/s)
    const whole: string = quoted?.[0] ?? rest.match(/^[^,]*/s)?.[0] ?? ''
    found.push(quoted?.[1] ?? whole)
    rest = whole.length < rest.length ? rest.slice(whole.length + 1) : undefined
  }
  return found
}

t.test('finds what a slow and simple splitter finds, wherever quotes and ends are', async t => {
  const piece = fc.constantFrom(',', ',', ',', '"', '""', ',"', '",', 'a', 'bc', 'defgh', ' ', '1234567')
  const text = fc.array(piece, { maxLength: 24 }).map(pieces => pieces.join(''))
  const judge = (line: string, most: number) => assert.deepEqual(split(line, 12, most), splitSlowly(line, most), line)
  t.doesNotThrow(() => fc.assert(fc.property(text, fc.integer({ min: 1, max: 12 }), judge), { numRuns: 5000 }))
})
