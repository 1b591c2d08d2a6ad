// Lets in what the setting `network.open` names, in nft's words, where open.nft looks for it.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseOpenPort } from '../../../agent/settings/open-port.ts'
import { readIfThere, writeIfOther } from '../settings/state-files.ts'

export const renderOpenPorts = (ports: readonly string[]): string =>
  ports
    .flatMap(text => parseOpenPort(text) ?? [])
    .map(({ transport, port, network }) => `${network.includes(':') ? 'ip6' : 'ip'} saddr ${network} ${transport} dport ${port} accept\n`)
    .join('')

/** True if anything is other than before. */
export function writeOpenPorts(path: string, ports: readonly string[]): boolean {
  const text = renderOpenPorts(ports)
  if (text === (readIfThere(path) ?? '')) return false
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  return writeIfOther(path, text, 0o644)
}
