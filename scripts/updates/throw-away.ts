// A repository with all its keys in one folder, for the rehearsal and for tests: what four people and a server have apart.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../../agent/update/manifest.ts'
import { publish } from './channels.ts'
import { makeKey, readPublicKey, readSigningKey, type SigningKey } from './key-files.ts'
import { addRelease } from './releases.ts'
import { type Environment, Repository } from './repository.ts'
import { initialise } from './trust.ts'

export const holders = ['anna', 'ben', 'clara'] as const
export type Holder = (typeof holders)[number]

export class ThrowAway {
  readonly folder: string
  readonly repository: Repository
  now: number

  constructor(folder: string, now: number, environment: Environment = 'production') {
    this.folder = folder
    this.now = now
    this.repository = new Repository(join(folder, 'repository'))
    for (const holder of holders) for (const role of ['root', 'targets']) makeKey(join(folder, holder), role)
    for (const role of ['channels', 'snapshot', 'timestamp']) makeKey(join(folder, 'online'), role)
    const publicOf = (role: string) => holders.map(holder => readPublicKey(join(folder, holder, `${role}.pub`)))
    const online = (role: string) => [readPublicKey(join(folder, 'online', `${role}.pub`))]
    const all = { root: publicOf('root'), targets: publicOf('targets'), channels: online('channels') }
    const every = { ...all, snapshot: online('snapshot'), timestamp: online('timestamp') }
    initialise(this.repository, environment, every, this.signers('root targets', 'anna', 'ben'), now)
  }

  /** Keys of these roles, of these holders. */
  signers(roles: string, ...who: readonly Holder[]): SigningKey[] {
    return who.flatMap(holder => roles.split(' ').map(role => readSigningKey(join(this.folder, holder, `${role}.pem`))))
  }

  online(...roles: readonly string[]): SigningKey[] {
    return roles.map(role => readSigningKey(join(this.folder, 'online', `${role}.pem`)))
  }

  publish(): void {
    publish(this.repository, this.online('snapshot', 'timestamp'), this.now)
  }

  /** The first root, as an image carries it. */
  get rootBytes(): Buffer {
    return readFileSync(join(this.repository.folder, 'metadata', '1.root.json'))
  }

  /** A release whose parts are noise; a real one is a file system image with its hash tree. */
  release(number: number, version: string, bytes = 40_000, signers = this.signers('targets', 'anna', 'ben')): Manifest {
    const folder = join(this.folder, 'built')
    mkdirSync(folder, { recursive: true })
    const parts = ['runtime', 'agent'].map(kind => {
      const content = randomBytes(bytes)
      const rootHash = createHash('sha256').update(content).digest('hex')
      writeFileSync(join(folder, `${rootHash}.img`), content)
      return { kind, rootHash, hashOffset: 4096 }
    })
    const manifest = { version, number, systemMin: 1, reads: 1, writes: 1, parts }
    addRelease(this.repository, manifest, folder, signers, this.now)
    return manifest
  }
}
