// What belongs to the member.
import * as z from 'zod'
import { parsePrefix } from '../../lib/prefix.ts'
import type { Setting } from '../setting.ts'
import { list } from '../shapes.ts'

export const organisation = {
  'member.networks': {
    scope: 'agent',
    category: 'organisation',
    label: 'Your public networks',
    help: 'Your public IP networks. If empty, allowed connections from outside to them are not recognised.',
    example: '198.51.100.0/24, 2001:db8:1::/48',
    default: '',
    shape: list(z.string().refine(text => parsePrefix(text) !== undefined, 'must be network prefixes such as 198.51.100.0/24')),
    maxLength: 4096,
    forms: ['ovf', 'partition', 'server'],
    console: { form: 'enrol', position: 2 },
  },
} as const satisfies Readonly<Record<string, Setting>>
