// Opens the sources that the settings ask for, on sockets handed over by systemd where there are any.
import { closeSync, fstatSync } from 'node:fs'
import { hostname, networkInterfaces, uptime } from 'node:os'
import { describe, Failure, type Fault, faultOf } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import type { ServiceManager } from '../lib/service-manager.ts'
import type { Log } from '../log.ts'
import type { Paths } from '../paths.ts'
import type { Settings } from '../settings/table.ts'
import { DescriptorStore } from '../sources/descriptor-store.ts'
import type { HandedOver } from '../sources/handed-over.ts'
import { type ListenAddress, parseListenAddress } from '../sources/listen-address.ts'
import { type NflogSink, openNflogSource } from '../sources/packets/nflog.ts'
import type { Sink, Source } from '../sources/source.ts'
import type { StreamLimits } from '../sources/syslog/syslog-connections.ts'
import { openSyslogTcp, type SyslogTcpSource } from '../sources/syslog/syslog-tcp.ts'
import { openSyslogTls } from '../sources/syslog/syslog-tls.ts'
import { openSyslogUdp } from '../sources/syslog/syslog-udp.ts'
import { openPlainSyslogUdp } from '../sources/syslog/syslog-udp-plain.ts'
import { ensureOwnCertificate, type TlsFiles } from '../sources/syslog/tls-certificate.ts'

export interface Opened {
  readonly sources: readonly Source[]
  /** By the name of a source: the kernel's number of the socket that was handed over for it, 0 where it opened its own. */
  readonly sockets: Readonly<Record<string, number>>
  /** Why some could not be opened. The others listen all the same. */
  readonly faults: readonly Fault[]
}

export interface ListenOptions {
  readonly settings: Settings
  readonly paths: Paths
  readonly handedOver: HandedOver
  /** What keeps connections for the next agent. */
  readonly manager: ServiceManager
  readonly log: Log
  /** Of connections; may be changed while they run. */
  readonly limits: Partial<StreamLimits>
  /** By group of the packet log: the number of the last packet, if the agent before listened on the socket of that number. */
  sequencesBefore(socket: number): Readonly<Record<string, number>>
  sinkFor(input: SyslogInput): Sink
  nflogSink(): NflogSink
}

const syslogInputs = ['udp', 'tcp', 'tls'] as const
type SyslogInput = (typeof syslogInputs)[number]
type Opener = (address: ListenAddress, fd: number | undefined) => Promise<Source>

/** Throws the last fault if nothing could be opened at all. */
export async function openSources(options: ListenOptions): Promise<Opened> {
  const { settings, paths, handedOver, manager, log, limits, sequencesBefore, sinkFor, nflogSink } = options
  const onError = (error: Error) => log.warning(`error on a listening socket: ${error.message}`)
  const native = await loadNative()
  const missing = typeof native === 'string' ? [new Failure('native-missing', native)] : []
  for (const failure of missing) log.warning(describe(failure))
  const unreadBytes = typeof native === 'string' ? undefined : native.unreadBytes
  const openTls: Opener = async (address, fd) => {
    const source = await openSyslogTls({
      ...address,
      fd,
      sink: sinkFor('tls'),
      files: await tlsFiles(settings, paths, tellDamage),
      limits,
      unreadBytes,
      onError,
      onCertificateChange: material => log.info(`syslog over TLS: new certificate in use, SHA-256 ${material.fingerprint}`),
      onCertificateError: failure => log.warning(`syslog over TLS: new certificate not used, the current one stays: ${describe(failure)}`),
    })
    log.info(`syslog over TLS: certificate SHA-256 ${source.fingerprint}`)
    return source
  }
  const restored: Failure[] = []
  const tellDamage = (damage: string) => {
    log.warning(damage)
    restored.push(new Failure('file-restored', damage))
  }
  const openUdp: Opener = (address, fd) => {
    const options = { ...address, fd, sink: sinkFor('udp'), onError }
    return typeof native === 'string' ? openPlainSyslogUdp(options) : openSyslogUdp(native.openUdp, options)
  }
  const store = new DescriptorStore({ manager, folder: paths.run, uptime })
  const isHeard = manager.notify('STATUS=opening the listeners')
  let tcp: SyslogTcpSource | undefined
  const openTcp: Opener = async (address, fd) => {
    // connections outlive the agent only where their listener does
    const keeper = fd !== undefined && isHeard ? store : undefined
    tcp = await openSyslogTcp({ ...address, fd, sink: sinkFor('tcp'), limits, unreadBytes, keeper, onError })
    return tcp
  }
  const openers: Readonly<Record<SyslogInput, Opener>> = {
    udp: openUdp,
    tcp: openTcp,
    tls: openTls,
  }
  const sources: Source[] = []
  const sockets: Record<string, number> = {}
  const faults: unknown[] = []
  for (const name of syslogInputs) {
    const setting = settings[`syslog.${name}`]
    if (setting === 'off') continue
    try {
      sockets[name] = socketNumber(handedOver[name])
      sources.push(await openers[name](parseListenAddress(setting), handedOver[name]))
    } catch (error) {
      faults.push(error)
      log.warning(describe(error))
    }
  }
  const groups = settings['nflog.groups']
  if (groups.length > 0) {
    try {
      sockets.nflog = socketNumber(handedOver.nflog)
      const sequences = sequencesBefore(sockets.nflog)
      sources.push(openNflog({ native, groups, fd: handedOver.nflog, sequences, sink: nflogSink, onError }))
    } catch (error) {
      faults.push(error)
      log.warning(describe(error))
    }
  }
  if (sources.length === 0 && faults.length > 0) throw faults.at(-1)
  // last: an agent that crashes before it listens leaves them to the next
  const left = store.take(handedOver.kept ?? [])
  for (const connection of left) {
    if (tcp === undefined) closeSync(connection.descriptor)
    else tcp.adopt(connection)
  }
  if (left.length > 0) log.info(`syslog over TCP: ${left.length} connections of the agent before go on`)
  return { sources, sockets, faults: [...missing, ...restored, ...faults].map(faultOf) }
}

interface NflogOptions {
  readonly native: Native
  readonly groups: readonly number[]
  readonly fd: number | undefined
  readonly sequences: Readonly<Record<string, number>>
  readonly sink: () => NflogSink
  readonly onError: (error: Error) => void
}

/** Failure 'nflog-failed' with the reason. */
function openNflog({ native, groups, fd, sequences, sink, onError }: NflogOptions): Source {
  try {
    if (typeof native === 'string') throw new Error('the native receiver is missing')
    return openNflogSource({ open: native.openNflog, groups, fd, sequences, sink: sink(), onError })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const isForbidden = fd === undefined && isErrorWithCode(error, 'EPERM')
    const none = isForbidden ? 'systemd passed no socket (see the log of open-nflog), and ' : ''
    throw new Failure('nflog-failed', `cannot listen to nflog.groups = ${groups.join(', ')}: ${none}${reason}`, error)
  }
}

/** The kernel's number of a socket: it stays the same as long as anyone has the socket open, so two agents in a row see the same one. */
const socketNumber = (fd: number | undefined): number => (fd === undefined ? 0 : fstatSync(fd).ino)

type Native = typeof import('node-netfilter-log') | string

/** The addon, or why it cannot be loaded: everything but NFLOG works without it. */
async function loadNative(): Promise<Native> {
  try {
    return await import('node-netfilter-log')
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `the native receiver is missing: syslog over UDP needs several times the CPU, and NFLOG is not available: ${reason}`
  }
}

async function tlsFiles(settings: Settings, paths: Paths, tell: (damage: string) => void): Promise<TlsFiles> {
  const { 'syslog.tls.certificate': certificate, 'syslog.tls.key': key, 'syslog.tls.clientCa': clientCa } = settings
  const names = [hostname(), ...ownAddresses()]
  const own = certificate === '' ? await ensureOwnCertificate(paths.tls, names, new Date(), tell) : { certificate, key }
  return { ...own, clientCa: clientCa === '' ? undefined : clientCa }
}

/** None where a sandbox forbids netlink: the certificate then has the host name only. */
function ownAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap(list =>
      (list ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
    )
  } catch {
    return []
  }
}
