// Which connections stay open. Each network may have so many, and all together so many; when that is reached, an idle one
// gives way to the newcomer, so that nobody is turned away by connections that do nothing: first one that has said nothing at
// all, then one that no device has used, then an idle one of a device; of the network that has most; the oldest of these.
// Pure: time is an argument, in ms.

export interface ConnectionLimits {
  readonly total: number
  readonly perNetwork: number
  readonly perMember: number
  /** How long one may be idle that no device has used, from its first packet on. */
  readonly strangerMs: number
  /** How long one may be idle that a device has used. */
  readonly deviceMs: number
}

/** A box uses one. Behind one address there may be many boxes. */
export const connectionLimits: ConnectionLimits = {
  total: 2000,
  perNetwork: 500,
  perMember: 200,
  strangerMs: 10_000,
  deviceMs: 180_000,
}

export interface Connection {
  readonly network: string
  /** Since when it has been idle; undefined while a request is under way. */
  idleSince: number | undefined
  /** Known once a device has shown a certificate that is on file. */
  member: string | undefined
  /** True if nothing has come in yet. */
  readonly isSilent: () => boolean
  readonly close: () => void
}

const rankOf = (one: Connection): number => (one.member !== undefined ? 2 : one.isSilent() ? 0 : 1)

export class Connections {
  private readonly limits: ConnectionLimits
  private readonly open = new Set<Connection>()
  private readonly networks = new Map<string, Set<Connection>>()
  /** Since the start: idle ones that were closed for a newcomer, and newcomers that were turned away. */
  gaveWay = 0
  turnedAway = 0

  constructor(limits: ConnectionLimits) {
    this.limits = limits
  }

  get count(): number {
    return this.open.size
  }

  /** False if the newcomer has to be closed: all of its network, or of central, are busy. */
  add(newcomer: Connection): boolean {
    const { total, perNetwork } = this.limits
    const own = this.networks.get(newcomer.network)
    const isFull = own !== undefined && own.size >= perNetwork ? !this.makeRoom(own) : this.open.size >= total && !this.makeRoom(this.open)
    if (isFull) this.turnedAway++
    else {
      this.open.add(newcomer)
      // asked again: it is forgotten when its last connection is closed
      const network = this.networks.get(newcomer.network) ?? new Set()
      this.networks.set(newcomer.network, network.add(newcomer))
    }
    return !isFull
  }

  /** A device has used it. Those of one member beyond its share give way, idle ones only. */
  belongsTo(connection: Connection, member: string): void {
    connection.member = member
    const own = new Set([...this.open].filter(one => one.member === member))
    if (own.size > this.limits.perMember) this.makeRoom(own)
  }

  remove(connection: Connection): void {
    this.open.delete(connection)
    const network = this.networks.get(connection.network)
    network?.delete(connection)
    if (network?.size === 0) this.networks.delete(connection.network)
  }

  /** Closes what has been idle for too long. */
  sweep(now: number): void {
    for (const one of this.open) {
      const limit = one.member === undefined ? this.limits.strangerMs : this.limits.deviceMs
      if (one.idleSince !== undefined && now - one.idleSince > limit) this.close(one)
    }
  }

  /** Closes one of these; false if all are busy. This must cost little: a stranger can ask for it thousands of times a second. */
  private makeRoom(among: ReadonlySet<Connection>): boolean {
    // of one network or one member: which network has most does not matter there
    const isShare = among !== this.open
    const most = (one: Connection) => this.networks.get(one.network)?.size ?? 0
    let first: Connection | undefined
    let rank = 0
    // a set is in the order of opening, so the first of equals is the oldest
    for (const one of among) {
      if (one.idleSince === undefined) continue
      const own = rankOf(one)
      if (first !== undefined && (own > rank || (own === rank && (isShare || most(one) <= most(first))))) continue
      first = one
      rank = own
      if (isShare && rank === 0) break
    }
    if (first === undefined) return false
    this.gaveWay++
    this.close(first)
    return true
  }

  private close(connection: Connection): void {
    this.remove(connection)
    connection.close()
  }
}
