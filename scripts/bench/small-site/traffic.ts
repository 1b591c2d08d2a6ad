// The messages of a small site with one firewall and one server for logins: 10,000 suspicious events a day at random moments, of the
// kinds and shares that gateways of small sites log (background 71 %, sweeps 19 %, logins 6 %, pings 4 %), and the harmless rest. Addresses
// on the internet are spread over all of it, because what they cost on the wire is a part of what is measured; they are computed, and are nobody's.
import { randomFrom } from '../../../agent/testing/random.ts'

export const SUSPICIOUS_A_DAY = 10_000
const DAY_MS = 86_400_000
/** Of all messages. */
const SUSPICIOUS_SHARE = 0.48
const SERVERS = ['10', '11', '12', '25', '80', '200'].map(last => `198.51.100.${last}`)
const PORTS = [23, 23, 22, 22, 445, 3389, 3389, 5060, 8080, 80, 443, 6379, 1433, 5900, 2323, 8443, 3306, 5432, 161, 123]

export interface SiteMessage {
  /** ms since the beginning. */
  readonly at: number
  readonly isSuspicious: boolean
  /** The address from which it comes to the box. */
  readonly gateway: string
  readonly line: string
}

export interface SiteTraffic {
  readonly hours: number
  /** ms since 1970 at which it begins. */
  readonly start: number
  readonly seed: number
  /** Share of failed logins in the suspicious events: they are valuable, and close a batch. */
  readonly logins: number
}

export const USUAL_LOGINS = 0.0625

/** In order of time; the same seed, the same messages. */
export function* siteTraffic({ hours, start, seed, logins }: SiteTraffic): Generator<SiteMessage> {
  const next = randomFrom(seed)
  const random = () => next() / 2 ** 32
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]
  const address = (family: number, many: number) => {
    const number = Math.imul(family * 1_000_003 + Math.floor(many ** random()), 2_654_435_761) >>> 0
    return `${11 + ((number >>> 24) % 112)}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${1 + (number % 254)}`
  }
  const client = () => `10.20.${below(4)}.${10 + below(180)}`
  const sweeps: { source: string; target: string; port: number; sourcePort: number; left: number }[] = []

  const firewall = (at: number, action: string, source: string, sourcePort: number, target: string, port: number, protocol: number) => {
    const when = new Date(start + at).toISOString()
    const bytes = 40 + below(action === 'deny' ? 40 : 90_000)
    return (
      `<189>date=${when.slice(0, 10)} time=${when.slice(11, 19)} devname="gw" logid="0000000013" type="traffic" subtype="forward" tz="+0000"` +
      ` srcip=${source} srcport=${sourcePort} srcintfrole="${source.startsWith('10.') ? 'lan' : 'wan'}" dstip=${target} dstport=${port}` +
      ` dstintfrole="${source.startsWith('10.') ? 'wan' : 'dmz'}" proto=${protocol} action="${action}" policyid=${action === 'deny' ? 0 : 7}` +
      ` sentbyte=${bytes} rcvdbyte=0 sentpkt=1`
    )
  }
  const background = (at: number) =>
    firewall(
      at,
      'deny',
      address(1, 60_000),
      1024 + below(64_000),
      pick(SERVERS),
      random() < 0.25 ? 1 + below(65_535) : pick(PORTS),
      random() < 0.12 ? 17 : 6,
    )
  const sweep = (at: number) => {
    if (sweeps.length < 3)
      sweeps.push({
        source: address(2, 4000),
        target: pick(SERVERS),
        port: 1 + below(60_000),
        sourcePort: 40_000 + below(20_000),
        left: 50 + below(900),
      })
    const one = pick(sweeps)
    if (--one.left <= 0) sweeps.splice(sweeps.indexOf(one), 1)
    return firewall(at, 'deny', one.source, one.sourcePort, one.target, one.port++, 6)
  }
  const login = (at: number) =>
    `<38>${new Date(start + at).toISOString()} bastion sshd[${1000 + below(30_000)}]: Failed password for root from ${address(5, 300)} port ${1024 + below(64_000)} ssh2`
  const ping = (at: number) => firewall(at, 'deny', address(3, 9000), 0, pick(SERVERS), 0, 1)
  const harmless = (at: number) =>
    random() < 0.75
      ? firewall(at, 'accept', client(), 1024 + below(64_000), address(6, 20_000), pick([443, 443, 443, 80, 53]), 6)
      : firewall(at, 'accept', address(7, 30_000), 1024 + below(64_000), pick(SERVERS), pick([443, 80, 25]), 6)

  const meanMs = (DAY_MS / SUSPICIOUS_A_DAY) * SUSPICIOUS_SHARE
  for (let at = 0; ; ) {
    at += -Math.log(1 - random()) * meanMs
    if (at >= hours * 3_600_000) return
    const isSuspicious = random() < SUSPICIOUS_SHARE
    const kind = random()
    const isLogin = isSuspicious && kind < logins
    const line = !isSuspicious ? harmless(at) : isLogin ? login(at) : kind < 0.1 ? ping(at) : kind < 0.29 ? sweep(at) : background(at)
    yield { at, isSuspicious, gateway: isLogin ? '192.0.2.22' : '192.0.2.1', line }
  }
}
