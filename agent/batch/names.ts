// Numbers of the names that a batch has in its head, for the compact form. Only ever appended to: a reader that lacks a name cannot
// read a batch that uses its number, so a new one is spelled until every central has it.

const inputs = ['udp', 'tcp', 'tls', 'nflog'] as const

const rules = [
  'login-failed-outside',
  'login-failed-inside',
  'detected-internal',
  'detected',
  'local-chatter',
  'late-packet',
  'blocked-from-outside',
  'blocked-to-outside',
  'blocked-internal',
  'session-end',
  'allowed-after-failed-login',
  'allowed-from-blocked-source',
  'allowed-to-admin-port',
  'allowed-inbound',
  'allowed-outbound',
  'allowed-other',
  'no-verdict',
] as const

const counted = [
  'received',
  'merged',
  'ignored',
  'unreadable',
  'shed',
  'lost.kernel',
  'lost.connections',
  'lost.bytes',
  'lost.deaf-ms',
  ...rules.map(rule => `dropped.${rule}`),
]

/** By number, from 1. */
export const reasonNames: readonly string[] = rules
export const countNames: readonly string[] = counted.flatMap(name => inputs.map(input => `${input}.${name}`))

const numbersOf = (names: readonly string[]) => new Map(names.map((name, i) => [name, i + 1]))
export const reasonNumbers = numbersOf(reasonNames)
export const countNumbers = numbersOf(countNames)
