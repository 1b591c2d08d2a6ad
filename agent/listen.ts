// Opens the sources that the settings ask for, on sockets handed over by systemd where there are any.
import { hostname, networkInterfaces } from 'node:os'
import { describe } from './errors.ts'
import type { InputName } from './ledger/accounting.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'
import type { HandedOver } from './sources/handed-over.ts'
import { type ListenAddress, parseListenAddress } from './sources/listen-address.ts'
import type { Sink, Source } from './sources/source.ts'
import { openSyslogTcp } from './sources/syslog-tcp.ts'
import { openSyslogTls } from './sources/syslog-tls.ts'
import { openSyslogUdp } from './sources/syslog-udp.ts'
import { ensureOwnCertificate, type TlsFiles } from './sources/tls-certificate.ts'

export interface Opened {
  readonly sources: readonly Source[]
  /** Why some could not be opened, for people. The others listen all the same: half a box is better than none. */
  readonly faults: readonly string[]
}

export interface ListenOptions {
  readonly settings: Settings
  readonly paths: Paths
  readonly handedOver: HandedOver
  readonly log: Log
  sinkFor(input: InputName): Sink
}

type Opener = (address: ListenAddress, fd: number | undefined) => Promise<Source>

/** Throws the last fault if nothing could be opened at all. */
export async function openSources({ settings, paths, handedOver, log, sinkFor }: ListenOptions): Promise<Opened> {
  const limits = { connectionsMax: settings['syslog.connections'], idleMs: settings['syslog.idleSeconds'] * 1000 }
  const trouble = (error: Error) => log.warning(`a listening socket has trouble: ${error.message}`)
  const openTls: Opener = async (address, fd) => {
    const source = await openSyslogTls({
      ...address,
      fd,
      sink: sinkFor('tls'),
      files: await tlsFiles(settings, paths),
      limits,
      trouble,
      certificateChanged: material => log.info(`the certificate of syslog over TLS was changed to ${material.fingerprint}`),
      certificateBroken: failure => log.warning(`the certificate in use is kept: ${describe(failure)}`),
    })
    log.info(`syslog over TLS shows the certificate ${source.fingerprint}`)
    return source
  }
  const openers: Readonly<Record<InputName, Opener>> = {
    udp: (address, fd) => openSyslogUdp({ ...address, fd, sink: sinkFor('udp'), trouble }),
    tcp: (address, fd) => openSyslogTcp({ ...address, fd, sink: sinkFor('tcp'), limits, trouble }),
    tls: openTls,
  }
  const sources: Source[] = []
  const faults: unknown[] = []
  for (const name of ['udp', 'tcp', 'tls'] as const) {
    const setting = settings[`syslog.${name}`]
    if (setting === 'off') continue
    try {
      sources.push(await openers[name](parseListenAddress(setting), handedOver[name]))
    } catch (error) {
      faults.push(error)
      log.warning(describe(error))
    }
  }
  if (sources.length === 0 && faults.length > 0) throw faults.at(-1)
  return { sources, faults: faults.map(describe) }
}

async function tlsFiles(settings: Settings, paths: Paths): Promise<TlsFiles> {
  const { 'syslog.tls.certificate': certificate, 'syslog.tls.key': key, 'syslog.tls.clientCa': clientCa } = settings
  const own = certificate === '' ? await ensureOwnCertificate(paths.tls, [hostname(), ...ownAddresses()], new Date()) : { certificate, key }
  return { ...own, clientCa: clientCa === '' ? undefined : clientCa }
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap(list => (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address))
