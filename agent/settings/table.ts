// The agent's table of settings: it gives types, defaults, checks, help and documentation. How a file of settings is read,
// for this table and for others, is in settings-text.ts.
import * as z from 'zod'
import { Failure } from '../errors.ts'
import { parsePrefix } from '../lib/prefix.ts'
import { parseTable, type SettingFault, type SettingValues } from './parse.ts'

const list = (item: z.ZodType<string, string>) =>
  z
    .string()
    .transform(text => text.split(/[\s,]+/).filter(word => word !== ''))
    .pipe(z.array(item))

const number = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${from} to ${to}`)
    .transform(Number)
    .pipe(z.number().min(from, `must be ${from} or more`).max(to, `must be ${to} or less`))

const listen = z
  .string()
  .regex(/^(off|(\[[0-9a-fA-F:.%]+\]|[0-9.]+):\d{1,5})$/, 'must be `off`, or an address and port such as [::]:514 or 0.0.0.0:514')
  .refine(text => text === 'off' || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65535, 'the port must be 65535 or less')

const file = z.string().regex(/^(|\/.*)$/, 'must be the full path of a file')
const url = (protocols: RegExp, what: string) => z.union([z.literal(''), z.url({ protocol: protocols, error: `must be ${what}` })])

export const settingsTable = {
  'central.url': { default: '', shape: url(/^https$/, 'an https:// address'), help: 'Where central is. The image brings it.' },
  'central.pins': {
    default: '',
    shape: list(z.string().regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, 'a pin is `sha256/` and 44 characters of base64')),
    help: 'Public keys that central may show, the present and the next one. No other server gets a byte.',
  },
  'uplink.proxy': {
    default: '',
    shape: url(/^http$/, 'an http:// address'),
    help: 'HTTP proxy for the way to central (CONNECT), e.g. http://proxy.example:3128.',
  },
  'member.networks': {
    default: '',
    shape: list(z.string().refine(text => parsePrefix(text) !== undefined, 'must be network prefixes such as 198.51.100.0/24')),
    help: 'Your public networks, any number, IPv4 and IPv6. Private ranges are known without being named.',
  },
  'syslog.udp': { default: '[::]:514', shape: listen, help: 'Where to listen for syslog over UDP; `off` to not.' },
  'syslog.tcp': { default: '[::]:514', shape: listen, help: 'Where to listen for syslog over TCP; `off` to not.' },
  'syslog.tls': { default: '[::]:6514', shape: listen, help: 'Where to listen for syslog over TLS (RFC 5425); `off` to not.' },
  'syslog.tls.certificate': { default: '', shape: file, help: 'Your own certificate (PEM); left empty, the box makes one.' },
  'syslog.tls.key': { default: '', shape: file, help: 'The key that belongs to it (PEM).' },
  'syslog.tls.clientCa': { default: '', shape: file, help: 'If set, only gateways with a certificate of this CA (PEM) may connect.' },
  'nflog.groups': {
    default: '',
    shape: list(z.string().regex(/^\d+$/, 'must be numbers of groups from 0 to 65535'))
      .pipe(z.array(z.transform(Number).pipe(z.number().max(65535, 'a group is 65535 or less'))).max(32, 'must be 32 groups or fewer'))
      .refine(groups => new Set(groups).size === groups.length, 'must name each group once'),
    help: "Groups that this machine's own rules log packets to (nftables `log group 514`); needs CAP_NET_ADMIN.",
  },
  'syslog.connections': { default: '512', shape: number(1, 65535), help: 'Most TCP and TLS connections at a time, each.' },
  'syslog.idleSeconds': { default: '3600', shape: number(10, 604_800), help: 'A connection that is silent for longer is closed.' },
  'spool.quotaMiB': {
    default: '2048',
    shape: number(1, 1_048_576),
    help: 'Room for batches that wait for central. When it is full the oldest of low value are shed and counted.',
  },
  'ledger.quotaMiB': {
    default: '512',
    shape: number(1, 1_048_576),
    help: 'Room for the record of what left the box. When it is full the oldest entries go.',
  },
} as const

export type SettingName = keyof typeof settingsTable
export type Settings = SettingValues<typeof settingsTable>

/** Settings from the text of a settings file (empty text: all defaults). Failure 'settings-wrong' tells every fault with its line. */
export function parseSettings(text: string, file = 'cyberalarm.conf'): Settings {
  const { values, faults } = parseTable(settingsTable, text, file)
  const all = faults.length > 0 ? faults : tlsFaults(values, file)
  if (all.length > 0) throw new Failure('settings-wrong', all.map(fault => fault.text).join('\n'))
  return values
}

/** What no single setting can say of itself. */
export function tlsFaults(values: Pick<Settings, 'syslog.tls.certificate' | 'syslog.tls.key'>, file: string): SettingFault[] {
  if ((values['syslog.tls.certificate'] === '') === (values['syslog.tls.key'] === '')) return []
  return [{ line: 0, text: `${file}: syslog.tls.certificate and syslog.tls.key are set together, or neither` }]
}
