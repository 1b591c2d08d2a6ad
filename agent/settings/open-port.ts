// A port that the member opens to a network of theirs: `tcp/22@192.0.2.0/24`. Pure.
import { parsePrefix } from '../lib/prefix.ts'

export interface OpenPort {
  readonly transport: string
  readonly port: number
  /** With prefix length. */
  readonly network: string
}

/** Undefined if it is none. Everybody is no network: connections to a port that is open to all would no longer be reported. */
export function parseOpenPort(text: string): OpenPort | undefined {
  const [, transport, port, network] = /^(tcp|udp)\/(\d{1,5})@([0-9a-fA-F.:]+\/\d{1,3})$/.exec(text) ?? []
  if (transport === undefined || Number(port) === 0 || Number(port) > 65_535) return undefined
  if (parsePrefix(network) === undefined || network.endsWith('/0')) return undefined
  return { transport, port: Number(port), network }
}
