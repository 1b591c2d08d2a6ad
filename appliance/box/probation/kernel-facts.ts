// What the kernel says of a process and of a UDP port, read from the texts of /proc. Pure.

/** proc(5), /proc/[pid]/status, in kB. Undefined of a process that is gone. */
export function anonymousBytes(status: string): number | undefined {
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(status)
  return found === null ? undefined : Number(found[1]) * 1024
}

/** proc(5), /proc/[pid]/stat: user and system time of all threads, in hundredths of a second on every Linux that Node.js runs on. */
export function processorSeconds(stat: string): number | undefined {
  // the name of the program, in brackets, may hold anything
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks / 100 : undefined
}

/** proc(5): when the process was started, ms since 1970. `stat` is /proc/stat, `own` that of the process. */
export function startedAtMs(stat: string, own: string): number | undefined {
  const boot = /^btime (\d+)$/m.exec(stat)
  const ticks = Number(own.slice(own.lastIndexOf(')') + 2).split(' ')[19])
  return boot === null || !Number.isFinite(ticks) ? undefined : Number(boot[1]) * 1000 + ticks * 10
}

export interface UdpPort {
  /** Received and not yet read, as the kernel counts it: with its own headers. */
  readonly queuedBytes: number
  /** Datagrams that were dropped since the socket was opened. */
  readonly drops: number
}

/** Of all sockets of this port in tables as /proc/net/udp; undefined if there is none. */
export function udpPort(tables: readonly string[], port: number): UdpPort | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = tables
    .flatMap(table => table.split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, local = '']) => local.endsWith(suffix))
  if (rows.length === 0) return undefined
  return {
    queuedBytes: rows.reduce((total, row) => total + Number.parseInt(row[4]?.split(':')[1] ?? '0', 16), 0),
    drops: rows.reduce((total, row) => total + Number(row.at(-1)), 0),
  }
}
