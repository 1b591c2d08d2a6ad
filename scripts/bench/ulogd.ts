// ulogd2 as the peer for NFLOG: the stack that writes packets as JSON, in the network namespace of the rule.
// https://manpages.debian.org/ulogd2/ulogd.8; the stack is that of its example for JSON, without link-layer headers
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import { LineCounter } from './json-lines.ts'
import { GROUP, type PacketLog } from './packet-log.ts'
import type { Running, Subject } from './subject.ts'

const plugins = ['inppkt_NFLOG', 'raw2packet_BASE', 'filter_IFINDEX', 'filter_IP2STR', 'output_JSON']
const BUFFER_BYTES = 16 * 1024 * 1024

/** Debian puts plugins below the folder of its architecture. */
function pluginFolder(): string | undefined {
  const candidates = ['/usr/lib/ulogd', ...readdirSync('/usr/lib').map(name => join('/usr/lib', name, 'ulogd'))]
  return candidates.find(folder => existsSync(join(folder, 'ulogd_output_JSON.so')))
}

/** The version as the program tells it, or undefined if it or its JSON output is not there. */
export function ulogdVersion(): string | undefined {
  try {
    const output = execFileSync('ulogd', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return pluginFolder() === undefined ? undefined : /Version ([\d.]+)/i.exec(output)?.[1]
  } catch {
    return undefined // not installed: the report says what is missing
  }
}

const configuration = (folder: string): string => `
[global]
logfile="${folder}/ulogd.log"
loglevel=5
${plugins.map(name => `plugin="${pluginFolder()}/ulogd_${name}.so"`).join('\n')}
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,json1:JSON

[log1]
group=${GROUP}
netlink_socket_buffer_size=${BUFFER_BYTES}
netlink_socket_buffer_maxsize=${BUFFER_BYTES}
netlink_qthreshold=128
netlink_qtimeout=10

[json1]
sync=0
file="${folder}/packets.json"
`

export const ulogd = (temporary: string, packetLog: PacketLog): Subject => ({
  name: 'ulogd2',
  input: 'nflog',
  start: () => start(temporary, packetLog),
})

async function start(temporary: string, packetLog: PacketLog): Promise<Running> {
  const folder = mkdtempSync(join(temporary, 'ulogd-'))
  writeFileSync(join(folder, 'ulogd.conf'), configuration(folder))
  const output = join(folder, 'packets.json')
  const already = packetLog.logged()
  const daemon = await startDaemon([...packetLog.inside, 'ulogd', '-c', join(folder, 'ulogd.conf')], () => existsSync(output))
  const counter = new LineCounter(output, '"src_ip"')
  return {
    pid: daemon.pid,
    port: 0,
    inside: packetLog.inside,
    // ulogd2 does not tell what it lost: what was logged and is not in the file when nothing moves any more
    count: async () => ({ received: counter.read(), lost: 0, pending: 0 }),
    // without `sync` the last lines wait in a buffer of stdio; it is written when the file is opened anew
    flush: () => process.kill(daemon.pid, 'SIGHUP'),
    facts: async () => ({ read: counter.lines === 0 ? 0 : counter.marked / counter.lines, logged: packetLog.logged() - already }),
    stop: async () => {
      await daemon.stop()
      counter.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
