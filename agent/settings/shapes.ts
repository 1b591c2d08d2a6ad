// Shapes that several settings share: each reads the text behind `name =`, and says what is wrong in words for people.
import { isIP } from 'node:net'
import * as z from 'zod'

/** Words between commas or blanks. */
export const list = (item: z.ZodType<string, string>, most = Number.POSITIVE_INFINITY) =>
  z
    .string()
    .transform(text => text.split(/[\s,]+/).filter(word => word !== ''))
    .pipe(z.array(item).max(most, `must be ${most} or fewer`))

export const number = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${from} to ${to}`)
    .transform(Number)
    .pipe(z.number().min(from, `must be ${from} or more`).max(to, `must be ${to} or less`))

export const listen = z
  .string()
  .regex(/^(off|(\[[0-9a-fA-F:.%]+\]|[0-9.]+):\d{1,5})$/, 'must be `off`, or an address and port such as [::]:514 or 0.0.0.0:514')
  .refine(text => text === 'off' || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65535, 'the port must be 65535 or less')

export const file = z.string().regex(/^(|\/.*)$/, 'must be the full path of a file')

export const url = (protocols: RegExp, what: string) => z.union([z.literal(''), z.url({ protocol: protocols, error: `must be ${what}` })])

export const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%')
export const address = (what: string) => z.string().refine(isAddress, what)

/** A name of RFC 1123 section 2.1: letters, digits and dashes between dots. */
export const namePattern = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/

/** Empty, or a window of agent/update/window.ts. */
export const windowPattern =
  /^(|((sun|mon|tue|wed|thu|fri|sat)(,(sun|mon|tue|wed|thu|fri|sat)){0,6} )?([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$/
