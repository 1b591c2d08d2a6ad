// Whether central can be had at this moment, asked by the system's own client and not by the release that is judged.

import { pathsBelow } from '../../../agent/paths.ts'
import { readSettings } from '../../../agent/settings/file.ts'
import { readIdentity } from '../../../agent/uplink/identity.ts'
import { openCentral } from '../../../agent/uplink/pinned-client.ts'

const PROBE_MS = 20_000

/** `there`: it takes what boxes send. `away`: it does not answer, or is too busy. `none`: this box sends nothing. */
export type Central = 'there' | 'away' | 'none'

export async function probeCentral(root: string, signal: AbortSignal): Promise<Central> {
  const settings = readSettings(root)
  const central = { url: settings['central.url'], pins: settings['central.pins'], proxy: settings['uplink.proxy'] }
  const identity = readIdentity(pathsBelow(root).identity)
  if (central.url === '' || central.pins.length === 0 || identity === undefined) return 'none'
  const ends = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)])
  try {
    const { certificate, privateKey } = identity.stored
    const client = await openCentral(central, { certificate, privateKey }, ends)
    try {
      // no batch has no bytes, so that nothing is stored: central refuses it, which it can do only while it works
      const { status } = await client.post('/v1/batches', new Uint8Array(), ends)
      return status === 408 || status === 429 || status >= 500 ? 'away' : 'there'
    } finally {
      await client.close()
    }
  } catch {
    return 'away' // whatever is in the way is in the way of both releases
  }
}
