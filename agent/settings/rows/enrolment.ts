// How the box becomes known to central, and how it gets there.
import * as z from 'zod'
import { normaliseCode } from '../../lib/typed-code.ts'
import type { Setting } from '../setting.ts'
import { list, url } from '../shapes.ts'

/** What stands in the place of a code that was taken up and wiped. No code has this letter. */
export const WIPED = '*'
const isCodeOrWiped = (text: string): boolean => text === '' || text.includes(WIPED) || normaliseCode(text) !== undefined

export const enrolment = {
  'enrolment.code': {
    scope: 'box',
    category: 'enrolment',
    label: 'Enrolment code',
    help: 'The single-use code you were given: 17 letters and digits. Case and dashes do not matter.',
    whenEmpty: 'the console of the box asks for it',
    example: 'XXXX-XXXX-XXXX-XXXX-X',
    default: '',
    shape: z
      .string()
      .max(64, 'is too long for a code')
      .refine(isCodeOrWiped, 'is not a code: letters are missing or mistyped, or the last character, which checks the others, does not fit')
      .transform(text => (text.includes(WIPED) ? '' : (normaliseCode(text) ?? ''))),
    secret: true,
    maxLength: 40,
    forms: ['ovf', 'partition'],
    console: { form: 'enrol', position: 1 },
  },
  'central.url': {
    scope: 'agent',
    category: 'enrolment',
    label: 'Central',
    help: 'Address of the central service. The image sets it; for a Linux server your CyberAlarm contact gives it to you.',
    example: 'https://central.example',
    default: '',
    shape: url(/^https$/, 'an https:// address'),
    maxLength: 255,
    forms: ['server'],
  },
  'central.pins': {
    scope: 'agent',
    category: 'enrolment',
    label: 'Central key pins',
    help: 'Public keys that central may present, the current and the next one; they come with the address. Nothing is sent to any other server.',
    example: 'sha256/...= sha256/...=',
    default: '',
    shape: list(z.string().regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, 'a pin is `sha256/` and 44 characters of base64')),
    maxLength: 1024,
    forms: ['server'],
  },
  'uplink.proxy': {
    scope: 'agent',
    category: 'enrolment',
    label: 'HTTP proxy',
    help: 'Only if this network needs a proxy for internet access: an HTTP proxy that allows CONNECT to the central service.',
    example: 'http://proxy.example:3128',
    holdsNames: true,
    default: '',
    shape: url(/^http$/, 'an http:// address'),
    maxLength: 255,
    forms: ['ovf', 'partition', 'server'],
    console: { form: 'network', position: 5 },
  },
} as const satisfies Readonly<Record<string, Setting>>
