// Syslog over TLS (RFC 5425): TLS 1.3, and 1.2 because firewalls in the field are old; gateways need a
// certificate where the member has named a CA. RFC 5425 requires octet counting; many firewalls send lines.
import { constants } from 'node:crypto'
import { createServer } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import type { Failure } from '../../errors.ts'
import { type ListenAddress, openOnHost, peerName } from '../listen-address.ts'
import type { Sink, Source } from '../source.ts'
import { Connections, listen, type StreamLimits, type UnreadBytes } from './syslog-connections.ts'
import { addressOf } from './syslog-tcp.ts'
import { readTlsFiles, type TlsFiles, type TlsMaterial, watchTlsFiles } from './tls-certificate.ts'

export interface SyslogTlsOptions extends ListenAddress {
  /** A listening socket to use in place of host and port (systemd). */
  readonly fd?: number | undefined
  readonly sink: Sink
  readonly files: TlsFiles
  readonly limits?: Partial<StreamLimits>
  readonly unreadBytes?: UnreadBytes | undefined
  readonly handshakeMs?: number
  /** How often the files are checked for changes. */
  readonly pollMs?: number
  /** Called when changed files were loaded, and when they could not be. */
  readonly onCertificateChange?: (material: TlsMaterial) => void
  readonly onCertificateError?: (failure: Failure) => void
  /** Errors of the listening socket that do not close it. */
  readonly onError?: (error: Error) => void
}

export interface SyslogTlsSource extends Source {
  /** SHA-256 of the certificate in use. */
  readonly fingerprint: string
}

const HANDSHAKE_MS = 10_000
const POLL_MS = 5000

/** Failure 'listen-failed' if the address can't be had, 'certificate-unreadable' if the files cannot be used. */
export async function openSyslogTls(options: SyslogTlsOptions): Promise<SyslogTlsSource> {
  const { files, sink } = options
  const connections = new Connections(sink, options.limits, options.unreadBytes)
  let { fingerprint, ...material } = readTlsFiles(files)
  const secure = createTlsServer({
    ...contextOf(material),
    handshakeTimeout: options.handshakeMs ?? HANDSHAKE_MS,
    requestCert: files.clientCa !== undefined,
    // checked below, where a refusal can be counted
    rejectUnauthorized: false,
  })
  const refuse = (socket: TLSSocket) => {
    connections.counters.handshakesFailed++
    socket.on('error', () => socket.destroy())
    socket.destroy()
  }
  secure.on('tlsClientError', (_error, socket) => refuse(socket))
  secure.on('secureConnection', socket => {
    if (files.clientCa !== undefined && !socket.authorized) refuse(socket)
    else if (socket.remoteAddress === undefined) socket.destroy()
    else connections.read(socket, peerName(socket.remoteAddress))
  })
  const server = await openOnHost('tls', options, async host => {
    // a connection over the limit costs no cryptography
    const candidate = createServer(socket => {
      if (connections.admit(socket) !== undefined) secure.emit('connection', socket)
    })
    await listen(candidate, host, options.port, options.fd)
    return candidate
  })
  server.on('error', error => options.onError?.(error))
  const stopWatching = watchTlsFiles({
    files,
    pollMs: options.pollMs ?? POLL_MS,
    onChange: next => {
      secure.setSecureContext(contextOf(next))
      fingerprint = next.fingerprint
      options.onCertificateChange?.(next)
    },
    onError: failure => options.onCertificateError?.(failure),
  })
  return {
    name: 'tls',
    address: addressOf(server),
    counters: connections.counters,
    // the keys of a session are this process's own
    keepsConnections: false,
    kernelLost: () => null,
    get fingerprint() {
      return fingerprint
    },
    close: () => {
      stopWatching()
      return connections.close(server)
    },
  }
}

function contextOf({ certificate, key, clientCa }: Pick<TlsMaterial, 'certificate' | 'key' | 'clientCa'>): SecureContextOptions {
  return {
    cert: certificate,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    minVersion: 'TLSv1.2',
    // no renegotiation, which only costs us, and no tickets, so that every connection shows its certificate
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  }
}
