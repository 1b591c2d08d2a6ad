// Words of the checks of gateways and of what becomes of their messages. Numbers are never given again.
import { grouped } from '../../lib/table.ts'
import { messages, perMille, row, span } from './check-words.ts'

export const messageWords = {
  'gateway-silent': row(
    12,
    'gateway-silent',
    'seconds',
    ['silence of a gateway against its usual one at this hour', '> 4 times, > 10 min', '> 12 times, > 1 h'],
    value => `A gateway has been silent for ${span(value)}, which is unusual at this hour`,
  ),
  'gateway-unread': row(
    13,
    'gateway-unread',
    'per-mille',
    ['of the messages of a gateway in 10 minutes: those read', '< 90 %', '< 50 %'],
    value => `Of the messages of a gateway only ${perMille(value)} can be read`,
  ),
  'gateway-clock': row(
    14,
    'gateway-clock',
    'seconds',
    ['how far the clock of a gateway is off', '> 60 s', '> 10 min'],
    value => `The clock of a gateway is off by ${span(value)}`,
  ),
  'gateways-many': row(
    15,
    'gateways-too-many',
    'count',
    ['messages of senders without a number, while they come', '> 0', '-'],
    value => `More addresses send syslog to this box than it has numbers for: ${messages(value)} came from the others`,
  ),
  'gateway-new': row(
    16,
    'gateway-new',
    'count',
    ['gateways first seen in the last 24 hours', '-', '-'],
    value => `New gateways in the last 24 hours: ${grouped(value ?? 0)}`,
  ),
  'kernel-lost': row(
    17,
    'kernel-lost',
    'count',
    ['messages that the kernel dropped in 10 minutes', '> 0', '> 0.1 % of all'],
    value => `The kernel dropped ${messages(value)} in the last 10 minutes, because more came than the agent could take`,
  ),
  refused: row(
    18,
    'messages-refused',
    'per-mille',
    ['messages of 10 minutes that were too long or broken', '> 1 %', '> 10 %'],
    value => `Of the messages of the last 10 minutes ${perMille(value)} were too long or broken`,
  ),
  connections: row(
    41,
    'connections-refused',
    'count',
    ['TCP and TLS connections refused in 10 minutes, because all places were taken', '> 0', '> 100'],
    value =>
      `The agent refused ${value === 1 ? '1 connection' : `${grouped(value ?? 0)} connections`} in the last 10 minutes, because all places were taken`,
  ),
  stall: row(
    19,
    'agent-stalled',
    'milliseconds',
    ['longest stall of the last 5 minutes', '> 250 ms in 3 of them', '> 2 s'],
    value => `For up to ${((value ?? 0) / 1000).toFixed(1)} s at a time the agent could do nothing in the last 5 minutes`,
  ),
} as const
