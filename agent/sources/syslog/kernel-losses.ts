// What the kernel dropped before the agent could read it: the `drops` column of /proc/net/udp and udp6 (proc_net(5)).
import { readFileSync } from 'node:fs'

/** Datagrams lost on the port of `address` (`[::]:514`) since its socket was opened; null where the kernel does not say. */
export function kernelLostDatagrams(address: string | undefined): number | null {
  const port = Number(address?.slice(address.lastIndexOf(':') + 1))
  if (!Number.isInteger(port)) return null
  let lost: number | null = null
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    try {
      const drops = dropsOfPort(readFileSync(file, 'utf8'), port)
      if (drops !== null) lost = (lost ?? 0) + drops
    } catch {
      // another system than Linux, or no IPv6: the answer is then null or what the other file says
    }
  }
  return lost
}

/** Sum of the last column of the lines whose local port it is. Pure. */
function dropsOfPort(table: string, port: number): number | null {
  let drops: number | null = null
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    const local = columns[1]?.split(':')[1]
    if (local !== undefined && Number.parseInt(local, 16) === port) drops = (drops ?? 0) + Number(columns.at(-1))
  }
  return drops
}
