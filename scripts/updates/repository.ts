// The repository of updates as files: `metadata/` and `targets/`, which central serves below /v1/updates/. Every version of a file
// has a name of its own (consistent snapshots), but for timestamp.json, which is written last: what boxes see is always whole.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Metadata, MetadataKind, Signature } from '@tufjs/models'
import { writeDurable } from '../../agent/lib/durable-file.ts'
import { lengths } from '../../agent/update/metadata.ts'
import { pathOfTarget } from '../../agent/update/parts.ts'
import type { PublicKey, SigningKey } from './key-files.ts'

export type Environment = 'production' | 'development'
export const roleNames = ['root', 'targets', 'channels', 'snapshot', 'timestamp'] as const
export type RoleName = (typeof roleNames)[number]
/** Those of the root; the targets name who signs for channels. */
export type RootRole = Exclude<RoleName, 'channels'>
export const rootRoles = roleNames.filter(role => role !== 'channels')

export interface Role {
  readonly keyids: readonly string[]
  readonly threshold: number
}
interface Common {
  readonly version: number
  readonly expires: string
  readonly spec_version: string
}
export interface SignedRoot extends Common {
  readonly _type: 'root'
  readonly consistent_snapshot: true
  readonly environment: Environment
  readonly keys: Readonly<Record<string, PublicKey['json']>>
  readonly roles: Readonly<Record<RootRole, Role>>
}
export interface TargetEntry {
  readonly length: number
  readonly hashes: { readonly sha256: string }
}
export interface SignedTargets extends Common {
  readonly _type: 'targets'
  readonly targets: Readonly<Record<string, TargetEntry>>
  readonly delegations?: {
    readonly keys: Readonly<Record<string, PublicKey['json']>>
    readonly roles: readonly (Role & { readonly name: string; readonly terminating: boolean; readonly paths: readonly string[] })[]
  }
}
export interface SignedMeta extends Common {
  readonly _type: 'snapshot' | 'timestamp'
  readonly meta: Readonly<Record<string, { readonly version: number }>>
}
export type Signed = SignedRoot | SignedTargets | SignedMeta
type WithoutCommon<S> = S extends Signed ? Omit<S, keyof Common> : never

const SPEC_VERSION = '1.0.31'
const DAY_MS = 86_400_000
/** Development keys are for a month at most, whatever they sign. */
const DEVELOPMENT_DAYS = 30
const days: Readonly<Record<RoleName, number>> = { root: 365, targets: 180, channels: 180, snapshot: 7, timestamp: 3 }

/** The fields that all have, of the version after `before`. */
function nextOf(role: RoleName, environment: Environment, now: number, before = 0): Common {
  const valid = environment === 'development' ? Math.min(days[role], DEVELOPMENT_DAYS) : days[role]
  const expires = `${new Date(now + valid * DAY_MS).toISOString().slice(0, 19)}Z`
  return { version: before + 1, expires, spec_version: SPEC_VERSION }
}

export class Repository {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Of the newest version; undefined if there is none. */
  versionOf(role: RoleName): number | undefined {
    const folder = join(this.folder, 'metadata')
    if (role === 'timestamp') {
      const path = join(folder, 'timestamp.json')
      return existsSync(path) ? readJson(path).signed.version : undefined
    }
    const names = existsSync(folder) ? readdirSync(folder) : []
    const versions = names.flatMap(name =>
      /^\d+$/.test(name.split('.')[0]) && name === `${Number.parseInt(name, 10)}.${role}.json` ? [Number.parseInt(name, 10)] : [],
    )
    return versions.length === 0 ? undefined : Math.max(...versions)
  }

  /** The newest one. */
  read<T extends Signed>(role: RoleName): T {
    const version = this.versionOf(role)
    if (version === undefined) throw new Error(`${this.folder} is no repository of updates, or lacks its ${role}: \`init\` makes one`)
    return readJson(this.pathOf(role, version)).signed
  }

  get root(): SignedRoot {
    return this.read('root')
  }

  /** Who has to sign for a role now. */
  roleOf(role: RoleName): Role {
    if (role !== 'channels') return this.root.roles[role]
    const found = this.read<SignedTargets>('targets').delegations?.roles.find(({ name }) => name === role)
    if (found === undefined) throw new Error('this repository has no role for channels')
    return found
  }

  /** Signs the next version with those of `keys` that count, and writes it; its number. `roles`: all of whom enough have to sign. */
  write(
    role: RoleName,
    content: WithoutCommon<Signed>,
    keys: readonly SigningKey[],
    now: number,
    roles: readonly Role[] = [this.roleOf(role)],
  ): number {
    for (const one of roles) this.need(role, one, keys)
    const signers = keys.filter(({ id }) => roles.some(({ keyids }) => keyids.includes(id)))
    const { environment } = content._type === 'root' ? content : this.root
    const signed: Signed = { ...content, ...nextOf(role, environment, now, this.versionOf(role)) }
    const path = this.pathOf(role, signed.version)
    const text = signMetadata(signed, signers)
    const most = lengths[`${signed._type}MaxLength`]
    if (text.length > most) throw new Error(`${role} would have ${text.length} bytes, and boxes take ${most} at most`)
    mkdirSync(dirname(path), { recursive: true })
    writeDurable(path, text, { mode: 0o644 })
    return signed.version
  }

  /** Throws unless enough of those who sign for the role were given. */
  need(name: RoleName, { keyids, threshold }: Role, keys: readonly SigningKey[]): void {
    const able = new Set(keys.map(({ id }) => id).filter(id => keyids.includes(id)))
    if (able.size < threshold)
      throw new Error(`${name} has to be signed by ${threshold} of its ${keyids.length} keys; ${able.size} of them were given with --keys`)
  }

  /** Throws if boxes would refuse what is newest: signed by keys that no longer count, or at its end. */
  check(now: number): void {
    const [root, targets, channels] = (['root', 'targets', 'channels'] as const).map(role => this.load(role))
    for (const [parent, role, child] of [
      [root, 'targets', targets],
      [targets, 'channels', channels],
    ] as const) {
      try {
        parent.verifyDelegate(role, child)
      } catch (error) {
        throw new Error(`${role} is not signed by keys that count now: sign it again with \`renew\` or \`promote\``, { cause: error })
      }
    }
    for (const [role, { signed }] of Object.entries({ root, targets, channels }))
      if (signed.isExpired(new Date(now))) throw new Error(`${role} has ended on ${signed.expires}: \`renew\` it`)
  }

  private load(role: 'root' | 'targets' | 'channels') {
    const version = this.versionOf(role)
    if (version === undefined && role === 'channels') throw new Error('there is nothing to publish: `release` and `promote` come first')
    if (version === undefined) this.read(role)
    return metadataFrom(role === 'root' ? 'root' : 'targets', readJson(this.pathOf(role, version ?? 0)))
  }

  /** Takes a file into the repository and gives its entry for the metadata. */
  add(name: string, bytes: Uint8Array): TargetEntry {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(this.folder, pathOfTarget(name, sha256))
    mkdirSync(dirname(path), { recursive: true })
    if (!existsSync(path)) writeDurable(path, bytes, { mode: 0o644 })
    return { length: bytes.length, hashes: { sha256 } }
  }

  /** The bytes of a file that the metadata names. */
  content(name: string, { hashes }: TargetEntry): Buffer {
    return readFileSync(join(this.folder, pathOfTarget(name, hashes.sha256)))
  }

  private pathOf(role: RoleName, version: number): string {
    return join(this.folder, 'metadata', role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`)
  }
}

/** What JSON.parse gave. Throws an Error that names the file. */
function readJson(path: string) {
  const text = readFileSync(path, 'utf8')
  try {
    const value = JSON.parse(text)
    if (typeof value.signed.version !== 'number' || typeof value.signed.expires !== 'string') throw new Error('not signed metadata')
    return value
  } catch (error) {
    throw new Error(`${path} is damaged: take the repository from its copy, or from the server`, { cause: error })
  }
}

/** The text of a file of metadata. @tufjs/models checks its form and makes the canonical JSON that is signed. */
export function signMetadata(signed: Signed, keys: readonly SigningKey[]): string {
  const metadata = metadataFrom(signed._type, JSON.parse(JSON.stringify({ signed, signatures: [] })))
  for (const key of keys) metadata.sign(bytes => new Signature({ keyID: key.id, sig: key.sign(bytes).toString('hex') }), true)
  return `${JSON.stringify(metadata.toJSON(), null, 1)}\n`
}

/** `data` is what JSON.parse gave. */
function metadataFrom(type: Signed['_type'], data: Parameters<typeof Metadata.fromJSON>[1]) {
  switch (type) {
    case 'root':
      return Metadata.fromJSON(MetadataKind.Root, data)
    case 'targets':
      return Metadata.fromJSON(MetadataKind.Targets, data)
    case 'snapshot':
      return Metadata.fromJSON(MetadataKind.Snapshot, data)
    case 'timestamp':
      return Metadata.fromJSON(MetadataKind.Timestamp, data)
  }
}
