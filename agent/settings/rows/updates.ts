// Which releases this box is offered, and when it may change to one.
import * as z from 'zod'
import type { Setting } from '../setting.ts'
import { number, windowPattern } from '../shapes.ts'

export const updates = {
  'update.channel': {
    scope: 'agent',
    category: 'updates',
    label: 'Update channel',
    help: 'The channel whose releases this box is offered. Leave it as it is unless your CyberAlarm contact asks you to change it.',
    default: 'stable',
    shape: z.string().regex(/^[a-z][a-z0-9-]{0,20}$/, 'must be lower-case letters, digits and dashes'),
    maxLength: 21,
    forms: ['partition', 'server'],
  },
  'update.window': {
    scope: 'agent',
    category: 'updates',
    label: 'Update window',
    help: 'When this box may change to a new release: from and to in UTC, with days in front if it is not every day. It is loaded before. At least 15 minutes.',
    whenEmpty: 'at any time',
    example: 'sat,sun 02:00-05:00',
    default: '',
    shape: z.string().regex(windowPattern, 'must be times such as 02:00-05:00, or days and times such as sat,sun 02:00-05:00'),
    maxLength: 64,
    forms: ['partition', 'server'],
  },
  'update.pin': {
    scope: 'agent',
    category: 'updates',
    label: 'Stay with version',
    help: 'The only version to which this box may change. It then gets no fixes of other versions, not even of security holes.',
    whenEmpty: 'the newest that is offered',
    example: '0.4.0',
    default: '',
    shape: z.string().regex(/^(|\d{1,4}\.\d{1,4}\.\d{1,4})$/, 'must be a version such as 0.4.0'),
    maxLength: 14,
    forms: ['partition', 'server'],
  },
  'update.rateKiB': {
    scope: 'agent',
    category: 'updates',
    label: 'Update speed, KiB/s',
    help: 'How fast this box may load a release, in KiB a second. A usual one is less than 1 MiB, one with a new Node.js about 40 MiB.',
    default: '256',
    shape: number(16, 100_000),
    maxLength: 6,
    forms: ['partition'],
  },
} as const satisfies Readonly<Record<string, Setting>>
