// Flashing: check the image, inspect the disk, refuse or ask, write, read back, report. What asks, prints and inspects is an
// argument. Throws a FlashFault with a message for the user for everything that is no bug of the program.
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import { bytesText } from '../../agent/lib/table.ts'
import { mappedBytes } from './bmap.ts'
import type { Roots } from './flash-facts.ts'
import { FlashFault, faultAbout, plain } from './flash-fault.ts'
import { checkImage, type Image, newestImage, type Trust } from './flash-image.ts'
import { refusalsOf, type Target } from './flash-rules.ts'
import { lookAt, openTarget, system } from './flash-target.ts'
import { verifyImage } from './flash-verify.ts'
import { withdraw, writeImage } from './flash-write.ts'

export interface FlashRequest {
  readonly device: string
  /** The target is a plain file, not a disk. */
  readonly isFile: boolean
  /** The newest build by default. */
  readonly image: string | undefined
  readonly trust: Trust
  readonly allowInternal: boolean
  /** The device once more, instead of the question. */
  readonly yes: string | undefined
}

export interface Person {
  readonly print: (line: string) => void
  /** The line that was typed; undefined if there is nobody. */
  readonly ask: (question: string) => Promise<string | undefined>
  readonly progress: (verb: string) => (doneBytes: number, allBytes: number) => void
}

export async function flash(request: FlashRequest, person: Person, signal: AbortSignal, roots: Roots = system): Promise<void> {
  const { device, isFile, allowInternal, trust } = request
  const imagePath = request.image ?? newestImage(trust.builds)
  if (imagePath === undefined)
    throw new FlashFault('No image has been built here yet: run `make appliance`, or specify one with IMAGE=path.')
  const image = await checkImage(imagePath, trust, person.progress('checking'))
  const target = lookAt(device, isFile, roots)
  const refusals = refusalsOf(target, { imageBytes: image.bmap.imageBytes, allowInternal })
  if (refusals.length > 0) throw new FlashFault([...refusals.map(plain), 'Nothing was written.'].join('\n'))
  for (const line of [...describeImage(image), ...describeTarget(target)]) person.print(line)
  await confirm(target, device, request.yes, person)
  if (signal.aborted) throw new FlashFault('Interrupted. Nothing was written.')
  await overwrite(image, target, person, signal, roots)
}

async function overwrite(image: Image, target: Target, person: Person, signal: AbortSignal, roots: Roots): Promise<void> {
  const { path } = target
  const targetBytes = target.kind === 'disk' ? target.disk.bytes : target.kind === 'file' ? target.bytes : 0
  let isBegun = false
  try {
    await using handle = await openTarget(target, roots)
    isBegun = true
    try {
      await writeAndVerify(image, handle, path, targetBytes, person, signal)
    } catch (error) {
      await withdraw(handle, image.bmap)
      throw error
    }
  } catch (error) {
    const fault = faultAbout(path, error)
    if (!isBegun) throw fault
    const what = fault instanceof FlashFault || isPackedFault(fault) ? (fault as Error).message : `Unexpected error: ${String(fault)}`
    throw new FlashFault(
      `${what}\n${path} is INCOMPLETE: it holds neither what it held before nor the image. Write it again, or don't use it.`,
      {
        cause: error,
      },
    )
  }
  if (target.kind === 'disk') await rereadPartitions(path)
  person.print(`${path} holds the image; every block was read back and compared (${bytesText(mappedBytes(image.bmap))}).`)
  person.print(
    'Next: unplug it and plug it in again, and edit cyberalarm.conf on the small drive named CYBERALARM, or enter the settings on the',
  )
  person.print('console of the box when it starts. See docs/flashing.md.')
}

async function writeAndVerify(
  { path: imagePath, bmap }: Image,
  target: FileHandle,
  path: string,
  targetBytes: number,
  { print, progress }: Person,
  signal: AbortSignal,
): Promise<void> {
  // what goes wrong with the packed file comes out of the last stream, where it is read
  const packed = createReadStream(imagePath, { highWaterMark: 1 << 20 })
  const source = pipeline(packed, createZstdDecompress({ chunkSize: 1 << 20 }), () => undefined)
  await writeImage({ target, targetBytes, bmap, source, progress: progress('writing '), signal })
  const { bad, tailIsEmpty, isDirect } = await verifyImage({ path, targetBytes, bmap, progress: progress('reading '), signal })
  if (bad.length > 0 || !tailIsEmpty) throw new FlashFault(differs(path, bad))
  if (!isDirect) print('Reading back through the page cache: the file system does not support direct reads.')
}

const isPackedFault = (error: unknown): boolean => error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_)/.test(String(error.code))

function differs(path: string, bad: readonly { readonly first: number; readonly last: number }[]): string {
  const places = bad.slice(0, 5).map(({ first, last }) => `${first}-${last}`)
  const where =
    bad.length === 0 ? 'behind the image' : `in ${bad.length} ranges of blocks (${places.join(', ')}${bad.length > 5 ? ', ...' : ''})`
  return `${path} does not give back what was written, ${where}. It is worn out, or smaller than it claims.`
}

function describeImage({ path, bmap, fingerprint }: Image): readonly string[] {
  return [
    `Image    ${plain(path)}`,
    `         ${bytesText(bmap.imageBytes)}, of which ${bytesText(mappedBytes(bmap))} have to be written; signed by the key ${fingerprint}`,
  ]
}

function describeTarget(target: Target): readonly string[] {
  if (target.kind !== 'disk') return [`Target   ${plain(target.path)}`]
  const { path, disk } = target
  return [
    `Target   ${path}: ${disk.model || 'model unknown'}, ${bytesText(disk.bytes)}, serial ${disk.serial || 'unknown'}`,
    ...(disk.contents.length === 0 ? ['         nothing on it that is known here'] : ['         on it now, and gone afterwards:']),
    ...disk.contents.map(({ device, bytes, what }) => `           ${device.padEnd(12)} ${bytesText(bytes).padStart(10)}  ${what}`),
  ]
}

async function confirm({ path }: Target, asked: string, yes: string | undefined, { ask }: Person): Promise<void> {
  if (yes !== undefined) {
    if (yes === asked || yes === path) return
    throw new FlashFault(`YES (--yes) is ${plain(yes)}, but the device is ${plain(path)}. Nothing was written.`)
  }
  const typed = await ask(`Everything on ${plain(path)} will be lost. Type ${plain(path)} to go on: `)
  if (typed?.trim() !== path) throw new FlashFault('Not confirmed. Nothing was written.')
}

/** So that the new drives show without unplugging. Where it fails, unplugging helps, as the last lines say. */
const rereadPartitions = (path: string): Promise<void> =>
  new Promise(done => {
    spawn('blockdev', ['--rereadpt', path], { stdio: 'ignore' })
      .on('error', () => done())
      .on('close', () => done())
  })
