// The text of a block map: what we write we read, and nothing crooked passes.
import { createHash } from 'node:crypto'
import t from 'tap'
import { type Bmap, formatBmap, mappedBytes, parseBmap } from './bmap.ts'

const sha256 = 'a'.repeat(64)
const sound: Bmap = {
  imageBytes: 100 * 4096,
  blockBytes: 4096,
  ranges: [
    { first: 0, last: 9, sha256 },
    { first: 10, last: 10, sha256 },
    { first: 50, last: 99, sha256 },
  ],
}

/** Changes the text and makes its own checksum right again: what an attacker would do as well. */
function forge(change: (text: string) => string): string {
  const blank = change(formatBmap(sound)).replace(/<BmapFileChecksum>[^<]*</, `<BmapFileChecksum> ${'0'.repeat(64)} <`)
  return blank.replace(/<BmapFileChecksum>[^<]*</, `<BmapFileChecksum> ${createHash('sha256').update(blank).digest('hex')} <`)
}

t.test('what was written is read', async t => {
  t.strictSame(parseBmap(formatBmap(sound)), sound)
  t.strictSame(parseBmap(forge(text => text)), sound)
  t.equal(mappedBytes(sound), 61 * 4096)
})

t.test('the last block of an image may be short', async t => {
  const short: Bmap = { imageBytes: 4097, blockBytes: 4096, ranges: [{ first: 0, last: 1, sha256 }] }
  t.equal(mappedBytes(parseBmap(formatBmap(short))), 4097)
})

t.test('refuses a map whose text was changed', async t => {
  t.throws(() => parseBmap(formatBmap(sound).replace('50-99', '50-98')), /its own checksum differs/)
})

const attacks: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  ['a range beyond the end', text => text.replace('50-99', '50-100'), /beyond the image of 100 blocks/],
  ['a huge range', text => text.replace('50-99', '50-999999999999999'), /beyond the image/],
  ['a number too long to be exact', text => text.replace('50-99', '50-9999999999999999'), /no range with a SHA-256/],
  ['overlapping ranges', text => text.replace('> 10 <', '> 9 <'), /overlaps or is out of order/],
  ['a range that runs backwards', text => text.replace('50-99', '99-50'), /overlaps or is out of order/],
  ['a negative block', text => text.replace('> 10 <', '> -10 <'), /no range with a SHA-256/],
  ['a range without sum', text => text.replace(` chksum="${sha256}"> 10 `, '> 10 '), /no range with a SHA-256/],
  ['a weaker sum', text => text.replace(' sha256 ', ' sha1 '), /does not use SHA-256/],
  ['an image of a size that contradicts its blocks', text => text.replace(`${100 * 4096}`, `${90 * 4096}`), /BlocksCount/],
  ['an image larger than any disk', text => text.replace(`${100 * 4096}`, `${2 ** 48}`), /ImageSize of the block map is/],
  ['blocks of another size', text => text.replace('> 4096 <', '> 512 <'), /blocks of 512 bytes/],
  ['a count that is not the sum of the ranges', text => text.replace('> 61 <', '> 60 <'), /not the sum/],
  ['two sizes', text => text.replace('<ImageSize>', '<ImageSize> 1 </ImageSize><ImageSize>'), /2 elements ImageSize/],
  ['another version', text => text.replace('version="2.0"', 'version="3.0"'), /no block map of version 2.0/],
  ['another file', () => '<html/>', /no block map of version 2.0/],
  ['an entity', text => text.replace('<bmap', '<!DOCTYPE a [<!ENTITY b "c">]><bmap'), /has a document type declaration/],
  ['more text than any map has', text => text + ' '.repeat(1 << 20), /longer than/],
]
for (const [name, change, due] of attacks) t.test(`refuses ${name}`, async t => void t.throws(() => parseBmap(forge(change)), due))
