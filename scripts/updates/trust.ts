// Who may sign what: the first root, and every change of it.
import type { PublicKey, SigningKey } from './key-files.ts'
import { signAgain } from './releases.ts'
import {
  type Environment,
  type Repository,
  type Role,
  type RoleName,
  type RootRole,
  roleNames,
  rootRoles,
  type SignedRoot,
  type SignedTargets,
} from './repository.ts'

/** Root and releases: any one holder, or his stick, may be lost or false. */
const OFFLINE_THRESHOLD = 2
const OFFLINE_KEYS = 3

export type Holders = Readonly<Record<RoleName, readonly PublicKey[]>>

const jsonOf = (keys: readonly PublicKey[]) => Object.fromEntries(keys.map(({ id, json }) => [id, json]))

/** Makes root and an empty list of targets with its role for channels. */
export function initialise(
  repository: Repository,
  environment: Environment,
  holders: Holders,
  keys: readonly SigningKey[],
  now: number,
): void {
  if (repository.versionOf('root') !== undefined) throw new Error(`${repository.folder} has a root already`)
  for (const role of ['root', 'targets'] as const)
    if (new Set(holders[role].map(({ id }) => id)).size !== OFFLINE_KEYS) throw new Error(`${role} needs ${OFFLINE_KEYS} different keys`)
  const roleOf = (role: RoleName): Role => ({
    keyids: holders[role].map(({ id }) => id),
    threshold: role === 'root' || role === 'targets' ? OFFLINE_THRESHOLD : 1,
  })
  const root = {
    _type: 'root',
    consistent_snapshot: true,
    environment,
    keys: jsonOf(rootRoles.flatMap(role => holders[role])),
    roles: Object.fromEntries(rootRoles.map(role => [role, roleOf(role)])) as Record<RootRole, Role>,
  } as const
  repository.write('root', root, keys, now, [root.roles.root])
  const channels = { name: 'channels', ...roleOf('channels'), terminating: true, paths: ['channels/*'] }
  const delegations = { keys: jsonOf(holders.channels), roles: [channels] }
  repository.write('targets', { _type: 'targets', targets: {}, delegations }, keys, now)
}

/**
 * Takes a key from a role and gives the role another one. The root is signed by enough of those who held it and of those who hold it
 * now; what the role has signed is signed again. A role of one key that is online is signed again by `publish`.
 */
export function replaceKey(
  repository: Repository,
  role: RoleName,
  old: PublicKey,
  fresh: PublicKey,
  keys: readonly SigningKey[],
  now: number,
): void {
  const { keyids, threshold } = repository.roleOf(role)
  if (!keyids.includes(old.id))
    throw new Error(`the key ${old.id.slice(0, 12)} does not sign ${role}: is it another role's, or gone already?`)
  const taken = roleNames.find(name => repository.roleOf(name).keyids.includes(fresh.id))
  if (taken !== undefined) throw new Error(`the key that comes signs ${taken} already: each role of each holder has a key of its own`)
  const replaced = { keyids: keyids.map(id => (id === old.id ? fresh.id : id)), threshold }
  if (role === 'channels') {
    const targets = repository.read<SignedTargets>('targets')
    const roles = (targets.delegations?.roles ?? []).map(one => (one.name === role ? { ...one, ...replaced } : one))
    repository.write('targets', { ...targets, delegations: { keys: jsonOf([fresh]), roles } }, keys, now)
    return
  }
  const before = repository.root
  const roles = { ...before.roles, [role]: replaced }
  const used = new Set(Object.values(roles).flatMap(one => one.keyids))
  const known = Object.entries({ ...before.keys, [fresh.id]: fresh.json }).filter(([id]) => used.has(id))
  // boxes see a new root at once: without releases that the new keys have signed, they would take nothing any more
  if (role === 'targets') repository.need(role, replaced, keys)
  repository.write('root', { ...before, keys: Object.fromEntries(known), roles }, keys, now, [before.roles.root, roles.root])
  if (role === 'targets') signAgain(repository, keys, now)
}

/** The same for another term, signed by those who may sign it now. */
export function renew(repository: Repository, role: 'root' | 'targets' | 'channels', keys: readonly SigningKey[], now: number): void {
  repository.write(role, repository.read<SignedRoot | SignedTargets>(role), keys, now)
}
