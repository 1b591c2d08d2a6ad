// All limits of the server, made in one place, and what they say to the operator.
import { Connections, connectionLimits } from '../limits/connections.ts'
import { FairQueue } from '../limits/fair-queue.ts'
import { deviceLimits, downloadLimits, Places, strangerLimits } from '../limits/places.ts'
import { Rates } from '../limits/rates.ts'
import { RefusalCounts } from '../limits/refusal-counts.ts'

/** One of a member at a time: a full batch takes 0.1 s. As many members as there are places, because what waits is stored together. */
const turns = { total: 32, perMember: 1 }
/** A box waits longer and longer after a refusal, and comes nowhere near. */
const refusedRate = { burst: 100, everyMs: 1000 }
/** A thousand boxes behind one balancer come back within ten seconds. */
const handshakeRate = { burst: 500, everyMs: 10 }

export class ServerLimits {
  readonly connections = new Connections(connectionLimits)
  readonly handshakes = new Rates(handshakeRate)
  readonly devices = new Places(deviceLimits)
  readonly strangers = new Places(strangerLimits)
  readonly downloads = new Places(downloadLimits)
  readonly queue = new FairQueue(turns)
  /** Requests of each device that were refused for what they were. */
  readonly refused = new Rates(refusedRate)
  readonly refusals = new RefusalCounts()

  get report() {
    const { connections, devices, strangers, downloads, refusals } = this
    return {
      connections: { open: connections.count, gaveWay: connections.gaveWay, turnedAway: connections.turnedAway },
      requests: { devices: devices.count, enrolling: strangers.count, downloads: downloads.count },
      refusals: refusals.all,
    }
  }
}
