// What the holders of the targets keys sign: releases, each a manifest with a signature of every one of them, and its parts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatManifest, type Manifest, parseManifest } from '../../agent/update/manifest.ts'
import type { SigningKey } from './key-files.ts'
import type { Repository, SignedTargets, TargetEntry } from './repository.ts'

/** `parts`: the folder with a file ROOT-HASH.img for each part of the manifest. */
export function addRelease(repository: Repository, manifest: Manifest, parts: string, keys: readonly SigningKey[], now: number): void {
  const bytes = Buffer.from(formatManifest(manifest))
  parseManifest(bytes) // boxes will
  const before = repository.read<SignedTargets>('targets')
  const name = nameOf(manifest.number)
  if (before.targets[name] !== undefined)
    throw new Error(`release ${manifest.number} is there already: a release is never changed, the next has the next number`)
  const highest = Math.max(0, ...numbersIn(before))
  if (manifest.number <= highest) throw new Error(`release ${manifest.number} comes after ${highest}: numbers only grow`)
  const files = manifest.parts.map(({ rootHash }) => [`parts/${rootHash}.img`, readFileSync(join(parts, `${rootHash}.img`))] as const)
  const added: Record<string, TargetEntry> = {}
  for (const [part, content] of files) added[part] = repository.add(part, content)
  const targets = { ...before.targets, ...added, ...signed(repository, name, bytes, keys) }
  repository.write('targets', { ...before, targets }, keys, now)
}

/** Signs all releases and their list with the keys of now, after one was replaced. */
export function signAgain(repository: Repository, keys: readonly SigningKey[], now: number): void {
  const before = repository.read<SignedTargets>('targets')
  const targets = Object.fromEntries(Object.entries(before.targets).filter(([name]) => !/\/manifest\.\d$/.test(name)))
  for (const number of numbersIn(before)) {
    const name = nameOf(number)
    Object.assign(targets, signed(repository, name, repository.content(name, before.targets[name]), keys))
  }
  repository.write('targets', { ...before, targets }, keys, now)
}

/** The manifest and a signature for each of the keys that count. */
function signed(repository: Repository, name: string, bytes: Buffer, keys: readonly SigningKey[]): Record<string, TargetEntry> {
  const { keyids } = repository.roleOf('targets')
  const signers = keys.filter(({ id }) => keyids.includes(id))
  const signatures = signers.map((key, i) => [`${name}.${i + 1}`, repository.add(`${name}.${i + 1}`, key.sign(bytes))])
  return { [name]: repository.add(name, bytes), ...Object.fromEntries(signatures) }
}

const nameOf = (number: number): string => `releases/${number}/manifest`
export const numbersIn = ({ targets }: SignedTargets): number[] =>
  Object.keys(targets)
    .flatMap(name => /^releases\/(\d+)\/manifest$/.exec(name)?.[1] ?? [])
    .map(Number)
