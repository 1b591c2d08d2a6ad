// Syslog over TCP (RFC 6587), both framings. It never refuses a gateway because of another one, and never closes its
// listening socket while it runs: a Cisco ASA stops all new connections when its TCP syslog server goes away.
import { type AddressInfo, createServer, type Server } from 'node:net'
import { formatListenAddress, type ListenAddress, openOnHost } from '../listen-address.ts'
import type { Sink, Source } from '../source.ts'
import type { ConnectionKeeper, KeptConnection } from './kept-connections.ts'
import { Connections, listen, type StreamLimits, type UnreadBytes } from './syslog-connections.ts'

export interface SyslogTcpOptions extends ListenAddress {
  /** A listening socket to use in place of host and port (systemd). */
  readonly fd?: number | undefined
  readonly sink: Sink
  readonly limits?: Partial<StreamLimits>
  readonly unreadBytes?: UnreadBytes | undefined
  /** What keeps open connections for the next agent; where there is none, closing ends them. */
  readonly keeper?: ConnectionKeeper | undefined
  /** Errors of the listening socket that do not close it (no file descriptor left). */
  readonly onError?: (error: Error) => void
}

export interface SyslogTcpSource extends Source {
  /** Goes on with what the agent before left. */
  adopt(connection: KeptConnection): void
}

/** Failure 'listen-failed' if the address can't be had. */
export async function openSyslogTcp(options: SyslogTcpOptions): Promise<SyslogTcpSource> {
  const connections = new Connections(options.sink, options.limits, options.unreadBytes)
  const server = await openOnHost('tcp', options, async host => {
    // nothing is read ahead of a connection that rests (syslog-rests.ts)
    const candidate = createServer({ highWaterMark: 1 }, socket => {
      const peer = connections.admit(socket)
      if (peer !== undefined) connections.read(socket, peer)
    })
    await listen(candidate, host, options.port, options.fd)
    return candidate
  })
  server.on('error', error => options.onError?.(error))
  return {
    name: 'tcp',
    address: addressOf(server),
    counters: connections.counters,
    kernelLost: () => null,
    keepsConnections: options.keeper !== undefined,
    get kept() {
      return connections.kept
    },
    adopt: connection => connections.adopt(connection),
    close: () => connections.close(server, options.keeper),
  }
}

export function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return formatListenAddress(address, port)
}
