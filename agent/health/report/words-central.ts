// Words of the checks of the way to central, and of what nothing works without. Numbers are never given again.

import { grouped } from '../../lib/table.ts'
import { always, days, messages, row, span } from './check-words.ts'

export const centralWords = {
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
  'data-path': row(11, 'data-path-cut', 'seconds', ['age of the last test message that came through', '> 15 s', '> 30 s'], value =>
    value === undefined ? 'No test message has come through the agent' : `No test message has come through the agent for ${span(value)}`,
  ),
  watchdog: row(
    40,
    'watchdog-restarted',
    'minutes',
    ['minutes since the watchdog restarted the agent, for a day', '< 24 h', '-'],
    value => `The watchdog restarted the agent ${span((value ?? 0) * 60)} ago, because it did not show any more that it works`,
  ),
} as const
