// The block map that lies beside an image: which blocks have to be written, and the SHA-256 of each range of them. Format 2.0
// as bmaptool writes and reads it (its XML, its file checksum computed over the text with zeroes in the checksum's place).
// Pure. A map is refused unless its ranges are in order, do not overlap, and lie inside the image.
import { createHash } from 'node:crypto'
import { readXml, type XmlNode } from '../../ova/xml-read.ts'

export const BLOCK_BYTES = 4096
/** Far above what an appliance needs; keeps every number below exact and every buffer small. */
const MAX_IMAGE_BYTES = 2 ** 40
/** One range a line: at most this much text, which is also what the XML reader takes. */
export const MAX_BMAP_BYTES = 1 << 20

export interface BmapRange {
  /** First and last block, both inside. */
  readonly first: number
  readonly last: number
  readonly sha256: string
}

export interface Bmap {
  readonly imageBytes: number
  readonly blockBytes: number
  readonly ranges: readonly BmapRange[]
}

export const blocksOf = ({ first, last }: Pick<BmapRange, 'first' | 'last'>): number => last - first + 1

/** From and to (not inside) in bytes; the last block of an image may be short. */
export const spanOf = (bmap: Bmap, range: BmapRange): { readonly start: number; readonly end: number } => ({
  start: range.first * bmap.blockBytes,
  end: Math.min((range.last + 1) * bmap.blockBytes, bmap.imageBytes),
})

export const mappedBytes = (bmap: Bmap): number =>
  bmap.ranges.reduce((sum, range) => sum + spanOf(bmap, range).end - spanOf(bmap, range).start, 0)

const NO_CHECKSUM = '0'.repeat(64)

export function formatBmap(bmap: Bmap): string {
  const mapped = bmap.ranges.reduce((sum, range) => sum + blocksOf(range), 0)
  const field = (name: string, value: string | number): string => `    <${name}> ${value} </${name}>\n`
  const range = ({ first, last, sha256 }: BmapRange): string =>
    `        <Range chksum="${sha256}"> ${first === last ? first : `${first}-${last}`} </Range>\n`
  const text = `<?xml version="1.0" ?>
<!-- Which blocks of the image have to be written. 'make flash' and 'bmaptool copy' use it. Blocks that are not listed may
     hold anything: all that has to be zero, such as free space of a partition in use, is listed. -->
<bmap version="2.0">
${field('ImageSize', bmap.imageBytes)}${field('BlockSize', bmap.blockBytes)}${field('BlocksCount', Math.ceil(bmap.imageBytes / bmap.blockBytes))}${field('MappedBlocksCount', mapped)}${field('ChecksumType', 'sha256')}${field('BmapFileChecksum', NO_CHECKSUM)}    <BlockMap>
${bmap.ranges.map(range).join('')}    </BlockMap>
</bmap>
`
  return text.replace(NO_CHECKSUM, createHash('sha256').update(text).digest('hex'))
}

/** Throws an Error that names what is wrong. */
export function parseBmap(text: string): Bmap {
  if (text.length > MAX_BMAP_BYTES) throw new Error(`the block map is longer than ${MAX_BMAP_BYTES} characters`)
  const root = readXml(text)
  const version = root.attributes.get('{}version')
  if (root.name !== '{}bmap' || version !== '2.0') throw new Error(`this is no block map of version 2.0, but ${root.name} ${version}`)
  if (only(root, 'ChecksumType').text.trim() !== 'sha256') throw new Error('the block map does not use SHA-256')
  checkWhole(text, only(root, 'BmapFileChecksum').text.trim())
  const imageBytes = count(only(root, 'ImageSize').text, 'ImageSize', MAX_IMAGE_BYTES)
  const blockBytes = count(only(root, 'BlockSize').text, 'BlockSize', 1 << 20)
  if (blockBytes !== BLOCK_BYTES) throw new Error(`the block map counts in blocks of ${blockBytes} bytes, not ${BLOCK_BYTES}`)
  const blocks = Math.ceil(imageBytes / blockBytes)
  if (count(only(root, 'BlocksCount').text, 'BlocksCount', blocks) !== blocks)
    throw new Error('ImageSize and BlocksCount of the block map contradict each other')
  const ranges = readRanges(only(root, 'BlockMap'), blocks)
  const mapped = ranges.reduce((sum, range) => sum + blocksOf(range), 0)
  if (count(only(root, 'MappedBlocksCount').text, 'MappedBlocksCount', blocks) !== mapped)
    throw new Error('MappedBlocksCount of the block map is not the sum of its ranges')
  return { imageBytes, blockBytes, ranges }
}

function readRanges(map: XmlNode, blocks: number): readonly BmapRange[] {
  let next = 0
  return map.children.map(node => {
    const match = /^\s*(\d{1,15})(?:\s*-\s*(\d{1,15}))?\s*$/.exec(node.text)
    const sha256 = node.attributes.get('{}chksum') ?? ''
    if (node.name !== '{}Range' || match === null || !/^[0-9a-f]{64}$/.test(sha256))
      throw new Error(`line ${node.line} of the block map is no range with a SHA-256`)
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    if (first < next || last < first) throw new Error(`range ${first}-${last} of the block map overlaps or is out of order`)
    if (last >= blocks) throw new Error(`range ${first}-${last} of the block map lies beyond the image of ${blocks} blocks`)
    next = last + 1
    return { first, last, sha256 }
  })
}

function checkWhole(text: string, stated: string): void {
  const places = [...text.matchAll(/<BmapFileChecksum>\s*[0-9a-f]{64}\s*<\/BmapFileChecksum>/g)]
  if (places.length !== 1) throw new Error('the block map does not state one checksum of itself')
  const blanked = text.replace(places[0][0], places[0][0].replace(stated, NO_CHECKSUM))
  if (createHash('sha256').update(blanked).digest('hex') !== stated) throw new Error('the block map was changed: its own checksum differs')
}

function only(node: XmlNode, name: string): XmlNode {
  const found = node.children.filter(child => child.name === `{}${name}`)
  if (found.length !== 1) throw new Error(`the block map has ${found.length} elements ${name}, not one`)
  return found[0]
}

function count(text: string, name: string, most: number): number {
  const value = /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= most)) throw new Error(`${name} of the block map is '${text.trim().slice(0, 40)}', not a number up to ${most}`)
  return value
}
