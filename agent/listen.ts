// Opens the sources that the settings ask for, on sockets handed over by systemd where there are any.
import { hostname } from 'node:os'
import type { InputName } from './ledger/accounting.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'
import type { HandedOver } from './sources/handed-over.ts'
import { parseListenAddress } from './sources/listen-address.ts'
import type { Sink, Source } from './sources/source.ts'
import { openSyslogTcp } from './sources/syslog-tcp.ts'
import { openSyslogUdp } from './sources/syslog-udp.ts'

/** All or none: if one cannot be opened, those that were are closed again. Failure 'listen-failed' or 'certificate-unreadable'. */
export async function openSources(
  settings: Settings,
  paths: Paths,
  handedOver: HandedOver,
  sinkFor: (input: InputName) => Sink,
  log: Log,
): Promise<Source[]> {
  void hostname, paths
  const limits = { connectionsMax: settings['syslog.connections'], idleMs: settings['syslog.idleSeconds'] * 1000 }
  const trouble = (error: Error) => log.warning(`a listening socket has trouble: ${error.message}`)
  const opened: Source[] = []
  const openers: { readonly [Name in InputName]: (address: { host: string; port: number }, fd: number | undefined) => Promise<Source> } = {
    udp: (address, fd) => openSyslogUdp({ ...address, fd, sink: sinkFor('udp'), trouble }),
    tcp: (address, fd) => openSyslogTcp({ ...address, fd, sink: sinkFor('tcp'), limits, trouble }),
    tls: () => Promise.reject(new Error('not yet')),
  }
  try {
    for (const name of ['udp', 'tcp', 'tls'] as const) {
      const setting = settings[`syslog.${name}`]
      if (setting !== 'off') opened.push(await openers[name](parseListenAddress(setting), handedOver[name]))
    }
    return opened
  } catch (error) {
    await Promise.all(opened.map(source => source.close()))
    throw error
  }
}
