// Where messages and packets come in.
import * as z from 'zod'
import type { Setting } from '../setting.ts'
import { file, list, listen, number } from '../shapes.ts'

const LISTEN_LENGTH = 64
const PATH_LENGTH = 1024
const NUMBER_LENGTH = 10

export const listening = {
  'syslog.udp': {
    scope: 'agent',
    category: 'listening',
    label: 'Syslog over UDP',
    help: 'Address and port for syslog over UDP, or `off`.',
    default: '[::]:514',
    shape: listen,
    maxLength: LISTEN_LENGTH,
    forms: ['server'],
    needsRestart: true,
    isForUnits: true,
  },
  'syslog.tcp': {
    scope: 'agent',
    category: 'listening',
    label: 'Syslog over TCP',
    help: 'Address and port for syslog over TCP, or `off`.',
    default: '[::]:514',
    shape: listen,
    maxLength: LISTEN_LENGTH,
    forms: ['server'],
    needsRestart: true,
    isForUnits: true,
  },
  'syslog.tls': {
    scope: 'agent',
    category: 'listening',
    label: 'Syslog over TLS',
    help: 'Address and port for syslog over TLS (RFC 5425), or `off`.',
    default: '[::]:6514',
    shape: listen,
    maxLength: LISTEN_LENGTH,
    forms: ['server'],
    needsRestart: true,
    isForUnits: true,
  },
  'syslog.tls.certificate': {
    scope: 'agent',
    category: 'listening',
    label: 'TLS certificate',
    help: 'Your own certificate for syslog over TLS: path of a PEM file. It goes with syslog.tls.key.',
    whenEmpty: 'a self-signed certificate that is made at the first start',
    default: '',
    shape: file,
    maxLength: PATH_LENGTH,
    needsRestart: true,
  },
  'syslog.tls.key': {
    scope: 'agent',
    category: 'listening',
    label: 'TLS private key',
    help: 'The private key of your own certificate: path of a PEM file.',
    default: '',
    shape: file,
    maxLength: PATH_LENGTH,
    needsRestart: true,
  },
  'syslog.tls.clientCa': {
    scope: 'agent',
    category: 'listening',
    label: 'TLS client CA',
    help: 'Only gateways with a client certificate of this CA may connect over TLS: path of a PEM file.',
    whenEmpty: 'client certificates are not asked for',
    default: '',
    shape: file,
    maxLength: PATH_LENGTH,
    needsRestart: true,
  },
  'nflog.groups': {
    scope: 'agent',
    category: 'listening',
    label: 'NFLOG groups',
    help: "Groups that this machine's own rules log packets to, as `log group` of nftables names them. Reading them takes CAP_NET_ADMIN.",
    example: '514',
    default: '',
    shape: list(z.string().regex(/^\d+$/, 'must be numbers of groups from 0 to 65535'))
      .pipe(z.array(z.transform(Number).pipe(z.number().max(65535, 'a group is 65535 or less'))).max(32, 'must be 32 groups or fewer'))
      .refine(groups => new Set(groups).size === groups.length, 'must name each group once'),
    maxLength: 255,
    forms: ['server'],
    needsRestart: true,
    isForUnits: true,
  },
  'syslog.connections': {
    scope: 'agent',
    category: 'listening',
    label: 'Connection limit',
    help: 'Most connections at a time, over TCP and over TLS each.',
    default: '512',
    shape: number(1, 65535),
    maxLength: NUMBER_LENGTH,
  },
  'syslog.idleSeconds': {
    scope: 'agent',
    category: 'listening',
    label: 'Idle timeout',
    help: 'A connection that is silent for more than this many seconds is closed.',
    default: '3600',
    shape: number(10, 604_800),
    maxLength: NUMBER_LENGTH,
  },
} as const satisfies Readonly<Record<string, Setting>>
