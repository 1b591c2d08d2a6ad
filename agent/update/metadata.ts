// What the makers have signed, as this box may believe it: The Update Framework (TUF, specification 1.0) by tuf-js, wrapped where
// that is not enough. tuf-js writes its files in place and cannot start again from a torn one: here it works in a folder of its own,
// and what it has verified is kept as one file in two copies under checksums. What is damaged beyond that begins anew from the root
// that came with the installation.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TargetFile, Updater } from 'tuf-js'
import { DownloadHTTPError } from 'tuf-js/dist/error.js'
import * as z from 'zod'
import { asDiskFailure, Failure } from '../errors.ts'
import { fromJson, mendState, STATE_MAX_BYTES, toJson, writeState } from '../lib/state-file.ts'
import { type DownloadLimits, downloadLimits, type Fetch, MetadataFetcher } from './fetch.ts'

/** Of a development root, with a day for clocks. */
const DEVELOPMENT_MS = 31 * 86_400_000
/** A part is less; an image of the system will have a bound of its own. */
const TARGET_MAX_BYTES = 64 * 1024 * 1024
/** All of it together is less than a state file may have. */
export const lengths = {
  rootMaxLength: 64 * 1024,
  timestampMaxLength: 16 * 1024,
  snapshotMaxLength: 64 * 1024,
  targetsMaxLength: 256 * 1024,
}
const bounds = { ...lengths, maxRootRotations: 64, maxDelegations: 8 }
/** A run that was killed leaves its folder behind. */
const STALE_MS = 3_600_000
const WORK = 'working-'
/** tuf-js joins addresses, of which only the path is used. */
const BASE = 'https://updates.invalid/metadata'
/** Nothing secret: whoever asks what is offered may read it. */
const stateMode = { mode: 0o644 }

const keySchema = z.object({ keytype: z.string(), keyval: z.object({ public: z.string() }) })
const rootSchema = z.object({
  signed: z.object({
    version: z.int().positive(),
    expires: z.string(),
    consistent_snapshot: z.boolean(),
    // a development root says so
    environment: z.enum(['production', 'development']).default('production'),
    keys: z.record(z.string(), keySchema),
    roles: z.object({ targets: z.object({ keyids: z.array(z.string()), threshold: z.int().positive() }) }),
  }),
})
export type Root = z.infer<typeof rootSchema>['signed']
const stateSchema = z.object({ files: z.record(z.string().regex(/^[^/]+\.json$/), z.string()) })
/** The files that are kept, by name, from what is on the disk. */
export const keptFiles = (value: unknown): Record<string, string> => stateSchema.parse(value).files

export interface Target {
  readonly name: string
  readonly length: number
  readonly hash: Hash
}

/** In lower-case hexadecimal digits. */
export interface Hash {
  readonly algorithm: 'sha256' | 'sha512'
  readonly digest: string
}

export interface MetadataOptions {
  readonly fetch: Fetch
  /** The file in which the verified metadata is kept; its folder is made if need be. */
  readonly state: string
  /** The root of trust that came with the installation. */
  readonly root: Uint8Array
  readonly limits?: DownloadLimits
  /** What a target may be called, where it is not as an update's. */
  readonly names?: RegExp
  /** Told what was damaged and is whole again, or begins anew. */
  readonly notice?: (text: string) => void
}

export interface Trusted {
  readonly root: Root
  /** The keys that sign releases, and how many of them have to. */
  releaseKeys(): { readonly keys: readonly KeyObject[]; readonly threshold: number }
  /** What is signed under this name; undefined if nothing is. Failure 'update-refused' if that may be no file of an update. */
  find(name: string): Promise<Target | undefined>
}

/** Refreshes the metadata and hands it to `use`. What was verified is kept, whether the rest fails or not. */
export async function withMetadata<T>(options: MetadataOptions, use: (trusted: Trusted) => Promise<T>): Promise<T> {
  const { fetch, state, names = namePattern, limits = downloadLimits } = options
  const before = open(options)
  const fetcher = new MetadataFetcher(fetch, limits)
  const work = makeWork(state)
  try {
    fill(work, before)
    const updater = new Updater({ metadataDir: work, metadataBaseUrl: BASE, fetcher, config: bounds })
    try {
      await asRefusal(fetcher, () => updater.refresh())
      const root = readRoot(readFileSync(join(work, 'root.json')))
      if (root.environment === 'development' && Date.parse(root.expires) > Date.now() + DEVELOPMENT_MS)
        throw new Failure('update-refused', `the root of developers may last 30 days, and ends ${root.expires}`)
      return await use({
        root,
        releaseKeys: () => releaseKeys(root),
        find: name => asRefusal(fetcher, () => find(updater, name, names)),
      })
    } finally {
      keep(state, before, work)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The files of metadata to begin with: the kept ones, if they are of the same makers and no older than what was installed. */
function open({ state, root, notice = () => undefined }: MetadataOptions): Record<string, string> {
  const installed = readRoot(root)
  const fresh = { 'root.json': Buffer.from(root).toString() }
  const decode = fromJson(value => {
    const { files } = stateSchema.parse(value)
    return { files, root: readRoot(Buffer.from(files['root.json'] ?? '')) }
  })
  try {
    mkdirSync(dirname(state), { recursive: true })
  } catch (error) {
    throw asDiskFailure(error, dirname(state))
  }
  const { value, damage } = mendState(state, decode, stateMode)
  for (const text of damage) notice(`${text}${value === undefined ? '; begun anew from the root of this installation' : ''}`)
  if (value === undefined || value.root.environment !== installed.environment) return fresh
  return installed.version > value.root.version ? { ...value.files, ...fresh } : value.files
}

function makeWork(state: string): string {
  const folder = dirname(state)
  try {
    for (const name of readdirSync(folder).filter(name => name.startsWith(WORK)))
      if (Date.now() - statSync(join(folder, name)).mtimeMs > STALE_MS) rmSync(join(folder, name), { recursive: true, force: true })
    return mkdtempSync(join(folder, WORK))
  } catch (error) {
    throw asDiskFailure(error, folder)
  }
}

function fill(work: string, files: Record<string, string>): void {
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(work, name), text)
  } catch (error) {
    throw asDiskFailure(error, work)
  }
}

/** tuf-js writes a file only once it has verified it. A root of other makers ends it all, though it were signed. */
function keep(state: string, before: Record<string, string>, work: string): void {
  const files: Record<string, string> = {}
  for (const name of readdirSync(work).sort()) {
    const text = readFileSync(join(work, name), 'utf8')
    // a full disk takes half of a file
    if (isJson(text)) files[name] = text
    else if (before[name] !== undefined) files[name] = before[name]
  }
  if (JSON.stringify(sorted(files)) === JSON.stringify(sorted(before))) return
  if (readRoot(Buffer.from(files['root.json'])).environment !== readRoot(Buffer.from(before['root.json'])).environment)
    throw new Failure('update-refused', 'the root of trust changes between development and production')
  const text = toJson({ files })
  if (Buffer.byteLength(text) > STATE_MAX_BYTES) throw new Failure('update-refused', 'the signed metadata of updates is too long')
  try {
    writeState(state, text, stateMode)
  } catch (error) {
    throw asDiskFailure(error, state)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // the caller takes what was there before
  }
}

const sorted = (files: Record<string, string>) => Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))

/** Failure 'update-refused' if this is no root of ours. */
function readRoot(bytes: Uint8Array): Root {
  try {
    return rootSchema.parse(JSON.parse(Buffer.from(bytes).toString())).signed
  } catch (error) {
    throw new Failure('update-refused', 'the root of trust for updates cannot be read', error)
  }
}

function releaseKeys({ keys, roles: { targets } }: Root): ReturnType<Trusted['releaseKeys']> {
  const known = targets.keyids.map(id => keys[id]).filter(key => key?.keytype === 'ed25519')
  return { keys: known.map(({ keyval }) => publicKeyFrom(keyval.public)), threshold: targets.threshold }
}

/** RFC 8410 section 4: what stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo. */
const SPKI_ED25519 = '302a300506032b6570032100'
const publicKeyFrom = (hex: string): KeyObject =>
  createPublicKey({ key: Buffer.from(SPKI_ED25519 + hex, 'hex'), format: 'der', type: 'spki' })

/** Segments of lower-case letters, digits, dots and dashes, none of which begins with a dot. */
const namePattern = /^[a-z0-9-][a-z0-9.-]*(\/[a-z0-9-][a-z0-9.-]*)*$/

async function find(updater: Updater, name: string, names: RegExp): Promise<Target | undefined> {
  if (!names.test(name) || name.length > 200) throw new Failure('update-refused', `'${name}' is no name of a file of an update`)
  const info = await updater.getTargetInfo(name)
  return info === undefined ? undefined : targetOf(info, name)
}

const digests = { sha256: /^[0-9a-f]{64}$/, sha512: /^[0-9a-f]{128}$/ }

/** tuf-js takes a target without a hash by its length alone. Ours are signed with a SHA-256; other repositories may have the longer one. */
function targetOf({ path, length, hashes: { sha256, sha512 } }: TargetFile, name: string): Target {
  const hash: Hash =
    sha256 === undefined && sha512 !== undefined ? { algorithm: 'sha512', digest: sha512 } : { algorithm: 'sha256', digest: sha256 ?? '' }
  if (path !== name || !digests[hash.algorithm].test(hash.digest))
    throw new Failure('update-refused', `${name} is signed without a SHA-256`)
  if (length > TARGET_MAX_BYTES) throw new Failure('update-refused', `${name} has ${length} bytes, more than ${TARGET_MAX_BYTES}`)
  return { name, length, hash }
}

/** Errors of tuf-js as what a person would do about them. */
async function asRefusal<T>(fetcher: MetadataFetcher, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Failure) throw error
    if (fetcher.failure !== undefined) throw fetcher.failure
    // it takes for granted that the snapshot names every role
    const text = error instanceof TypeError ? 'incomplete' : error instanceof Error ? error.message : String(error)
    if (/Failed to persist/.test(text)) throw new Failure(/ENOSPC|EDQUOT/.test(text) ? 'disk-full' : 'disk-failed', text, error)
    if (error instanceof DownloadHTTPError) throw new Failure('update-none', text, error)
    throw new Failure(/is expired/.test(text) ? 'update-expired' : 'update-refused', `signed metadata of updates: ${text}`, error)
  }
}
