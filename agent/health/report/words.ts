// The checks of health by number, and what each says where something is wrong: one sentence, made of the level and one number.
// `status`, console and central all take it from here, so that they say the same. A number is never given to another check: central
// knows boxes of other releases by it. What to do is the advice of the code in errors.ts.
import { advice, type FailureCode } from '../../errors.ts'
import { grouped, spanText } from '../../lib/table.ts'
import { type Level, levels, type Unit } from './level.ts'

export interface CheckWords {
  readonly number: number
  /** Of a finding, where nothing more particular is known. */
  readonly code: FailureCode
  /** Of the value, which is a whole number. */
  readonly unit: Unit
  /** What is measured, for the documentation and for people who read numbers. */
  readonly measures: string
  /** From which value on something is wrong; for the documentation. `-`: never. */
  readonly warn: string
  readonly bad: string
  /** A sentence without its full stop; `value` is undefined where there is none. */
  says(value: number | undefined, level: Level): string
}

const days = (value = 0): string => (value === 1 ? '1 day' : `${grouped(value)} days`)
const span = (value = 0): string => spanText(value)
const messages = (value = 0): string => (value === 1 ? '1 message' : `${grouped(value)} messages`)
const times = (value = 0): string => (value === 1 ? 'once' : `${grouped(value)} times`)
const perMille = (value = 0): string => `${(value / 10).toFixed(1)} %`
const always = (sentence: string) => () => sentence
const row = (
  number: number,
  code: FailureCode,
  unit: Unit,
  [measures, warn, bad]: readonly [string, string, string],
  says: CheckWords['says'],
): CheckWords => ({ number, code, unit, measures, warn, bad, says })

/** In the order of the status: what keeps everything else from working comes first. */
export const checkWords = {
  settings: row(1, 'settings-wrong', 'count', ['settings that are refused', '-', '> 0'], always('Changed settings are not in use')),
  'central-set': row(
    2,
    'central-not-set',
    'count',
    ['keys of central that are pinned', '-', '0, or no address'],
    always('This box knows no central'),
  ),
  enrolment: row(3, 'not-enrolled', 'none', ['whether there is an identity', '-', 'none, or damaged'], always('This box is not enrolled')),
  certificate: row(4, 'certificate-ends', 'days', ['days until the certificate of the box ends', '< 14', '< 3'], value =>
    value === 0 ? 'The certificate of this box has ended, or ends today' : `The certificate of this box ends in ${days(value)}`,
  ),
  inputs: row(
    5,
    'listen-failed',
    'count',
    ['inputs that do not work as they should', 'in part', '> 0'],
    always('An input does not work as it should'),
  ),
  central: row(
    6,
    'receipt-missing',
    'seconds',
    ['how long something waits and central confirms nothing', '> 5 min', '> 1 h, or the way is shut'],
    value => (value === undefined ? 'Central cannot be reached' : `Central has confirmed nothing for ${span(value)}`),
  ),
  'disk-write': row(
    7,
    'disk-failed',
    'none',
    ['whether the disk takes what has to be kept', '-', 'it does not'],
    always('The disk does not take what has to be kept'),
  ),
  'disk-errors': row(
    8,
    'disk-errors',
    'count',
    ['errors that the file system of the data has reported', '-', '> 0, or read-only'],
    value =>
      value === 0 ? 'The disk with the data is read-only' : `The file system with the data has reported errors: ${grouped(value ?? 0)}`,
  ),
  accounting: row(
    9,
    'accounting-wrong',
    'count',
    ['messages that no place accounts for', '-', '> 0'],
    value => `The accounting does not add up: ${messages(value)}`,
  ),
  reading: row(
    10,
    'reading-failed',
    'count',
    ['messages at which the agent itself failed', '-', '> 0'],
    value => `The agent failed to read ${messages(value)}`,
  ),
  'data-path': row(
    11,
    'data-path-broken',
    'seconds',
    ['age of the last test message that came through', '> 15 s', '> 30 s'],
    value => `No test message has come through the agent for ${span(value)}`,
  ),
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
  stall: row(
    19,
    'agent-stalled',
    'milliseconds',
    ['longest stall of the last 5 minutes', '> 250 ms in 3 of them', '> 2 s'],
    value => `For up to ${((value ?? 0) / 1000).toFixed(1)} s at a time the agent could do nothing in the last 5 minutes`,
  ),
  'spool-age': row(
    20,
    'queue-old',
    'seconds',
    ['how long the oldest batch has waited', '> 1 h', '> 24 h'],
    value => `The oldest batch in the queue has waited for ${span(value)}`,
  ),
  'spool-full': row(
    21,
    'queue-filling',
    'percent',
    ['used of what the queue may take', '> 50 %', '> 80 %'],
    value => `The queue is ${value ?? 0} % full; when it is full, the oldest events of least value are discarded`,
  ),
  shed: row(
    22,
    'queue-shed',
    'count',
    ['events discarded in 24 hours', '> 0', '> 1,000'],
    value => `Events discarded in the last 24 hours: ${grouped(value ?? 0)}`,
  ),
  disk: row(
    23,
    'disk-low',
    'percent',
    ['free space, or free inodes, of the disk with the data', '< 15 %', '< 5 %'],
    value => `Of the disk with the data only ${value ?? 0} % is free`,
  ),
  memory: row(
    24,
    'memory-low',
    'percent',
    ['memory that is available', '< 10 %', '< 4 %'],
    value => `Only ${value ?? 0} % of the memory is available`,
  ),
  'memory-pressure': row(
    25,
    'memory-pressure',
    'percent',
    ['of the last minute: time spent waiting for memory', '> 10 %', '> 40 %'],
    value => `Programs waited for memory during ${value ?? 0} % of the last minute`,
  ),
  'memory-exhausted': row(
    26,
    'memory-exhausted',
    'count',
    ['processes of the agent killed for want of memory', '-', '> 0'],
    value => `For want of memory the kernel killed the agent ${times(value)}`,
  ),
  temperature: row(
    27,
    'temperature-high',
    'degrees',
    ['hottest sensor', '> 85 °C', '> 95 °C'],
    value => `The hardware is at ${value ?? 0} °C`,
  ),
  clock: row(
    28,
    'clock-off',
    'seconds',
    ['how far the clock of the box is off that of central, at least', '> 1 s', '> 60 s'],
    value => `The clock of this box is off by ${span(value)}`,
  ),
  'clock-jumped': row(
    29,
    'clock-jumped',
    'count',
    ['jumps of the clock since the agent started', '> 0', '-'],
    value => `The clock of this box jumped ${times(value)} since the agent started`,
  ),
  'tls-certificate': row(
    30,
    'tls-certificate-ends',
    'days',
    ['days until the certificate for syslog over TLS ends', '< 14', '< 3'],
    value =>
      value === 0
        ? 'The certificate for syslog over TLS has ended, or ends today'
        : `The certificate for syslog over TLS ends in ${days(value)}`,
  ),
  'update-metadata': row(
    31,
    'update-check-old',
    'hours',
    ['age of the last look for updates', '> 3 days', '> 10 days, or expired'],
    value =>
      value === undefined
        ? 'The signatures of the updates have expired'
        : `The box has not been able to look for updates for ${span(value * 3600)}`,
  ),
  update: row(
    32,
    'update-taken-back',
    'days',
    ['days since an update waits or was taken back', 'refused, or waits > 14 days', 'taken back'],
    (value, level) =>
      level === 'bad' ? 'The last update did not work and was taken back' : `An update has not been taken for ${days(value)}`,
  ),
  slots: row(
    33,
    'release-factory-only',
    'count',
    ['releases that the box could go back to', '1: the built-in one', '-'],
    always('This box has gone back to the release it came with'),
  ),
  release: row(
    34,
    'release-old',
    'days',
    ['age of the release', '> 60', '> 120'],
    value => `The release of this box is ${days(value)} old`,
  ),
  restarts: row(
    35,
    'stopped-uncleanly',
    'count',
    ['starts after a kill or a crash in 24 hours', '> 0', '> 3'],
    value => `The agent was killed or crashed ${times(value)} within 24 hours`,
  ),
  ledger: row(36, 'ledger-set-aside', 'none', ['whether the ledger was whole', 'damaged', '-'], always('The ledger was damaged')),
  files: row(
    37,
    'file-restored',
    'count',
    ['files of the agent that were damaged', 'restored', 'lost'],
    always('Files of the agent were damaged'),
  ),
  'spool-files': row(38, 'spool-damaged', 'count', ['damage found in the queue', '> 0', '-'], always('The queue was damaged')),
  'sources-forgotten': row(
    39,
    'sources-forgotten',
    'count',
    ['blocked sources forgotten early', '> 0', '-'],
    value => `Blocked sources forgotten early, because the table of recent sources is full: ${grouped(value ?? 0)}`,
  ),
} as const satisfies Readonly<Record<string, CheckWords>>

export type CheckName = keyof typeof checkWords
export const checkNames = Object.keys(checkWords) as CheckName[]
const nameByNumber = new Map<number, CheckName>(checkNames.map(name => [checkWords[name].number, name]))

export interface Said {
  readonly check: string
  readonly code: string
  readonly text: string
  readonly advice: string
}

/** What a check says at this level: also of one that only a newer release knows. */
export function wordsOf(number: number, level: Level, value: number | undefined): Said {
  const check = nameByNumber.get(number)
  if (check === undefined)
    return {
      check: `check ${number}`,
      code: 'check-of-newer-release',
      text: `A check of a newer release (number ${number}) says ${level}, with the value ${value ?? 'not known'}`,
      advice: advice['check-of-newer-release'],
    }
  const words: CheckWords = checkWords[check]
  return { check, code: words.code, text: words.says(value, level), advice: advice[words.code] }
}

export const worst = (all: Iterable<Level>): Level => {
  let found: Level = 'unknown'
  for (const level of all) if (levels.indexOf(level) > levels.indexOf(found)) found = level
  return found
}
