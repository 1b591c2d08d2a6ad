// The machine this ran on: figures mean nothing without it.
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { rsyslogVersion } from './rsyslog.ts'
import { ulogdVersion } from './ulogd.ts'

export interface Machine {
  readonly processor: string
  readonly processors: number
  readonly memoryGiB: number
  readonly system: string
  readonly kernel: string
  readonly node: string
  readonly rsyslogd: string
  readonly ulogd2: string
  /** Most bytes of a receive buffer without a privilege (net.core.rmem_max). */
  readonly receiveBufferMax: number
  /** Load of the last minute before the first measurement: above about 0.3 something else was running. */
  readonly loadBefore: number
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // not on this system: the report says `unknown`
  }
}

export function thisMachine(): Machine {
  const [first] = cpus()
  return {
    processor: first?.model.trim() || 'unknown',
    processors: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: /^PRETTY_NAME="?([^"\n]+)/m.exec(contentOf('/etc/os-release'))?.[1] ?? 'unknown',
    kernel: release(),
    node: process.version,
    rsyslogd: rsyslogVersion() ?? 'not there',
    ulogd2: ulogdVersion() ?? 'not there',
    receiveBufferMax: Number(contentOf('/proc/sys/net/core/rmem_max').trim()),
    loadBefore: loadavg()[0],
  }
}
