// What is suspicious, as a table: the first rule that holds decides. Every rule has a name that is counted, that goes with
// the event to central, and that `cyberalarm explain` prints with its phrase. Rules look at a few small facts and at
// nothing else, so what they decide can be kept by those facts (triage.ts).
import { Action, Direction } from '../event.ts'
import { NetworkKind } from './networks.ts'

export const Verdict = { send: 0, drop: 1 } as const

/** What rules may look at. */
export interface Facts {
  readonly action: number
  readonly direction: number
  readonly hasSource: boolean
  readonly hasDestination: boolean
  /** Numbers of NetworkKind; `foreign` too when the end is absent. */
  readonly sourceKind: number
  readonly destinationKind: number
  /** These are looked up for allowed connections from foreign sources, and are false for all others. */
  readonly sourceRecentlyBlocked: boolean
  readonly sourceRecentlyFailedLogin: boolean
  readonly isToAdminPort: boolean
  /** A packet of a TCP session that is over, between a client of ours and a server outside. */
  readonly isLate: boolean
}

export interface Rule {
  readonly name: string
  readonly phrase: string
  readonly verdict: number
  /** How valuable the event is when space is short: blocked traffic comes again, the rest may not. */
  readonly value: number
  holds(facts: Facts): boolean
}

/** Services that are not published to the Internet on purpose: shells, remote desktops, file shares, databases. */
const adminPorts = new Set([22, 23, 135, 139, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 8291, 9200, 27017])

export const isAdminPort = (port: number): boolean => adminPorts.has(port)

/** Ports of services that may be published: below 1024 (RFC 6335), and the two that web servers have beside them. */
const isServerPort = (port: number): boolean => (port >= 0 && port < 1024) || port === 8080 || port === 8443
const isClientPort = (port: number): boolean => port >= 1024 && !isServerPort(port) && !isAdminPort(port)

/**
 * Whether a late packet, whichever way it goes, is between a client of ours and a server outside. The same to a service of ours may be
 * a scan. The public address of a gateway need not be stated: of two foreign ends, the one that got the packet is taken for ours.
 */
export function isOfOwnClient(sourceKind: number, sourcePort: number, destinationKind: number, destinationPort: number): boolean {
  if (sourceKind === NetworkKind.foreign) return isServerPort(sourcePort) && isClientPort(destinationPort)
  return isOurs(sourceKind) && destinationKind === NetworkKind.foreign && isClientPort(sourcePort) && isServerPort(destinationPort)
}

export const isBlocked = (action: number): boolean =>
  action === Action.deny || action === Action.drop || action === Action.reject || action === Action.reset

const isOurs = (kind: number): boolean => kind === NetworkKind.internal || kind === NetworkKind.oursPublic
const hasForeignEnd = (facts: Facts): boolean => isForeign(facts) || (facts.hasDestination && facts.destinationKind === NetworkKind.foreign)
const isForeign = (facts: Facts): boolean => facts.hasSource && facts.sourceKind === NetworkKind.foreign
const { send, drop } = Verdict
const COMMON = 1
/** Of events that may not come again: central is to have them within seconds. */
export const VALUABLE = 2

/** A login, to sshd or a VPN, has a source and no destination: that is the gateway itself. */
const mayBeInbound = ({ direction }: Facts): boolean => direction === Direction.inbound || direction === Direction.unknown

export const rules: readonly Rule[] = [
  {
    name: 'login-failed-outside',
    phrase: 'a login from outside failed',
    verdict: send,
    value: VALUABLE,
    holds: facts => facts.action === Action.loginFailed && isForeign(facts),
  },
  {
    name: 'login-failed-inside',
    phrase: 'a login failed, but not from outside',
    verdict: drop,
    value: 0,
    holds: facts => facts.action === Action.loginFailed,
  },
  {
    name: 'detected-internal',
    phrase: 'detected between ends that are all inside',
    verdict: drop,
    value: 0,
    holds: facts => facts.action === Action.detect && !hasForeignEnd(facts),
  },
  {
    name: 'detected',
    phrase: 'the gateway detected an attack or malware',
    verdict: send,
    value: VALUABLE,
    holds: facts => facts.action === Action.detect,
  },
  {
    name: 'local-chatter',
    phrase: 'broadcast or multicast of your own network or of your provider',
    verdict: drop,
    value: 0,
    holds: facts => facts.sourceKind === NetworkKind.special || facts.destinationKind === NetworkKind.special,
  },
  {
    name: 'late-packet',
    phrase: 'a packet of a session that is over, between a client of ours and a server outside',
    verdict: drop,
    value: 0,
    holds: facts => isBlocked(facts.action) && facts.isLate,
  },
  {
    name: 'blocked-from-outside',
    phrase: 'the gateway blocked a connection from outside',
    verdict: send,
    value: COMMON,
    holds: facts => isBlocked(facts.action) && isForeign(facts),
  },
  {
    name: 'blocked-to-outside',
    phrase: 'the gateway blocked a connection from inside to outside',
    verdict: send,
    value: COMMON,
    holds: facts => isBlocked(facts.action) && facts.direction === Direction.outbound,
  },
  {
    name: 'blocked-internal',
    phrase: 'blocked, but inside your own network',
    verdict: drop,
    value: 0,
    holds: facts => isBlocked(facts.action),
  },
  { name: 'session-end', phrase: 'the end of a session', verdict: drop, value: 0, holds: facts => facts.action === Action.end },
  {
    name: 'allowed-after-failed-login',
    phrase: 'allowed from a source whose logins just failed',
    verdict: send,
    value: VALUABLE,
    holds: facts => facts.action === Action.allow && mayBeInbound(facts) && facts.sourceRecentlyFailedLogin,
  },
  {
    name: 'allowed-from-blocked-source',
    phrase: 'allowed from a source that is being blocked',
    verdict: send,
    value: VALUABLE,
    holds: facts => facts.action === Action.allow && mayBeInbound(facts) && facts.sourceRecentlyBlocked,
  },
  {
    name: 'allowed-to-admin-port',
    phrase: 'allowed from outside to an administration port',
    verdict: send,
    value: VALUABLE,
    holds: facts => facts.action === Action.allow && facts.direction === Direction.inbound && facts.isToAdminPort,
  },
  {
    name: 'allowed-inbound',
    phrase: 'allowed to a published service',
    verdict: drop,
    value: 0,
    holds: facts => facts.action === Action.allow && facts.direction === Direction.inbound,
  },
  {
    name: 'allowed-outbound',
    phrase: 'allowed from inside to outside',
    verdict: drop,
    value: 0,
    holds: facts => facts.action === Action.allow && facts.direction === Direction.outbound,
  },
  {
    name: 'allowed-other',
    phrase: 'allowed, and not from outside to inside',
    verdict: drop,
    value: 0,
    holds: facts => facts.action === Action.allow,
  },
  { name: 'no-verdict', phrase: 'the gateway states neither a block nor an attack', verdict: drop, value: 0, holds: () => true },
]
