// An image that may be written: signed by a key that the user trusts, with the sums that were signed. A build of this checkout
// is trusted with the key beside it; for any other image the user names the keys, because an attacker who can swap the image in
// a folder can swap the key beside it too.
import { createHash } from 'node:crypto'
import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { BLOCK_BYTES, type Bmap, MAX_BMAP_BYTES, parseBmap } from './bmap.ts'
import { FlashFault, plain } from './flash-fault.ts'
import { MAX_SUMS_BYTES, parseSums, SIGNATURE, SIGNERS, SUMS, sumOfFile } from './sums.ts'
import { checkSignature } from './sums-sign.ts'

const SUFFIX = '.img.zst'

export interface Image {
  readonly path: string
  readonly bmap: Bmap
  /** Of the key that signed: `SHA256:...` */
  readonly fingerprint: string
}

/** The newest image below `builds`, two folders deep. */
export function newestImage(builds: string): string | undefined {
  const list = (folder: string): readonly Dirent[] => (existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [])
  const folders = [builds, ...list(builds).flatMap(entry => (entry.isDirectory() ? [join(builds, entry.name)] : []))]
  const images = folders.flatMap(folder => list(folder).flatMap(entry => (entry.name.endsWith(SUFFIX) ? [join(folder, entry.name)] : [])))
  return images.map(path => ({ path, at: statSync(path).mtimeMs })).sort((a, b) => b.at - a.at)[0]?.path
}

export interface Trust {
  /** Where this checkout's builds lie. */
  readonly builds: string
  /** An allowed_signers file that was named. */
  readonly signers: string | undefined
}

export async function checkImage(asked: string, trust: Trust, progress?: (done: number, all: number) => void): Promise<Image> {
  if (!asked.endsWith(SUFFIX))
    throw new FlashFault(`${plain(asked)} is not a ${SUFFIX} file of a build. Only those have checksums and a block map.`)
  const path = resolve(asked)
  const folder = dirname(path)
  const sumsText = await readSmall(join(folder, SUMS), MAX_SUMS_BYTES)
  const signers = chooseSigners(folder, trust)
  const fingerprint = await checkSignature(sumsText, join(folder, SIGNATURE), signers).catch(cause => {
    throw new FlashFault(
      `The signature of ${SUMS} does not match any key in ${plain(signers)}: ${plain(messageOf(cause))}. Nothing was written.`,
      {
        cause,
      },
    )
  })
  const sums = parse(() => parseSums(sumsText))
  const sumFor = (name: string): string => {
    const sum = sums.get(name)
    if (sum === undefined) throw new FlashFault(`The signed ${SUMS} does not name ${plain(name)}. Nothing was written.`)
    return sum
  }
  const bmapName = `${basename(path).slice(0, -SUFFIX.length)}.bmap`
  const bmapText = await readSmall(join(folder, bmapName), MAX_BMAP_BYTES)
  if (createHash('sha256').update(bmapText).digest('hex') !== sumFor(bmapName)) throw changed(bmapName)
  const bmap = parse(() => parseBmap(bmapText))
  if (bmap.imageBytes % BLOCK_BYTES !== 0) throw new FlashFault('The image size is not a whole number of blocks.')
  const { size } = statSync(path)
  if ((await sumOfFile(path, done => progress?.(done, size))) !== sumFor(basename(path))) throw changed(basename(path))
  return { path, bmap, fingerprint }
}

const changed = (name: string): FlashFault =>
  new FlashFault(`${plain(name)} is not the file that was signed: copy or download it again. Nothing was written.`)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function parse<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new FlashFault(`${plain(messageOf(cause))}. Nothing was written.`, { cause })
  }
}

function chooseSigners(folder: string, { builds, signers }: Trust): string {
  if (signers !== undefined) {
    if (!existsSync(signers)) throw new FlashFault(`${plain(signers)} does not exist.`)
    return signers
  }
  const isOwn = existsSync(builds) && `${realpathSync(folder)}${sep}`.startsWith(`${realpathSync(builds)}${sep}`)
  if (isOwn) return join(folder, SIGNERS)
  throw new FlashFault(
    `${plain(folder)} was not built by this checkout. Give the keys you trust with SIGNERS=path (--signers): an allowed_signers file ` +
      'that you got from another source than the image. One that came with the image proves nothing.',
  )
}

async function readSmall(path: string, most: number): Promise<string> {
  if (!existsSync(path)) throw new FlashFault(`${plain(path)} is missing: it must be in the same folder as the image.`)
  await using file = await open(path, 'r')
  const into = Buffer.alloc(most + 1)
  const { bytesRead } = await file.read(into, 0, into.length, 0)
  if (bytesRead > most) throw new FlashFault(`${plain(path)} is longer than ${most} bytes.`)
  return into.toString('utf8', 0, bytesRead)
}
