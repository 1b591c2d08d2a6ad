// Sockets that systemd opened for us, or keeps for us, and hands over (sd_listen_fds(3)): ports below 1024 and the kernel's
// packet log without privilege, and nothing lost while one release takes over from another. Pure: the environment and the own
// process id are arguments.
import { Failure } from '../errors.ts'

const names = ['udp', 'tcp', 'tls', 'nflog'] as const

/** What the agent before left (descriptor-store.ts): `since` in seconds since the machine was started. */
export interface KeptDescriptor {
  readonly kind: 'connection' | 'unfinished'
  readonly since: number
  readonly descriptor: number
}

/** File descriptors by the name of the source that listens on them, and those that the agent before left. */
export type HandedOver = { readonly [Name in (typeof names)[number]]?: number } & { readonly kept?: readonly KeptDescriptor[] }

/** SD_LISTEN_FDS_START. */
const FIRST = 3
/** FileDescriptorStoreMax= of the unit, and its sockets. */
const MAX = 1200
const keptName = /^(connection|unfinished)-(\d{1,12})$/

/**
 * Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. Sockets for another process and unknown names are ignored;
 * Failure 'listen-failed' where the three do not agree.
 */
export function parseHandedOver(environment: Readonly<Record<string, string | undefined>>, processId: number): HandedOver {
  const { LISTEN_PID: owner, LISTEN_FDS: stated, LISTEN_FDNAMES: named } = environment
  if (stated === undefined || owner !== String(processId)) return {}
  const count = /^\d{1,4}$/.test(stated) ? Number(stated) : Number.NaN
  if (!(count <= MAX)) throw new Failure('listen-failed', `LISTEN_FDS=${stated} is not a number from 0 to ${MAX}`)
  if (count === 0) return {}
  const given = named?.split(':') ?? []
  if (given.length !== count) throw new Failure('listen-failed', `LISTEN_FDNAMES=${named ?? ''} does not name ${count} sockets`)
  const sockets: { -readonly [Name in (typeof names)[number]]?: number } = {}
  for (const name of names) {
    const first = given.indexOf(name)
    if (first < 0) continue
    if (given.indexOf(name, first + 1) >= 0) throw new Failure('listen-failed', `LISTEN_FDNAMES=${named} names ${name} twice`)
    sockets[name] = FIRST + first
  }
  const kept = given.flatMap((name, i) => {
    const [, kind, since] = keptName.exec(name) ?? []
    return kind === 'connection' || kind === 'unfinished' ? [{ kind, since: Number(since), descriptor: FIRST + i } as const] : []
  })
  return kept.length === 0 ? sockets : { ...sockets, kept }
}
