// What a member may set on a box: the agent's settings and those of the box itself, in one table, read by the same code with
// the same errors. One text is judged as a whole: a gateway that no address can reach is a fault of the file.
import * as z from 'zod'
import { normaliseCode } from '../../../agent/batch/enrolment-code.ts'
import { Failure } from '../../../agent/errors.ts'
import { type ParsedTable, parseTable, type SettingFault, type SettingValues } from '../../../agent/settings/parse.ts'
import { settingsTable, tlsFaults } from '../../../agent/settings/table.ts'
import { interfaceFault, isAddress, networkFaults } from './address-rules.ts'

const list = (item: z.ZodType<string, string>, most: number) =>
  z
    .string()
    .transform(text => text.split(/[\s,]+/).filter(word => word !== ''))
    .pipe(z.array(item).max(most, `must be ${most} or fewer`))

/** A name of RFC 1123 section 2.1: letters, digits and dashes between dots. */
const nameShape = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/
const address = (what: string) => z.string().refine(isAddress, what)
const interfaceAddress = z.string().superRefine((text, context) => {
  const fault = interfaceFault(text)
  if (fault !== '') context.addIssue(fault)
})

/** What stands in the place of a code that was taken up and wiped. No code has this letter. */
export const WIPED = '*'
const isCodeOrWiped = (text: string): boolean => text === '' || text.includes(WIPED) || normaliseCode(text) !== undefined

export const boxSettingsTable = {
  'enrolment.code': {
    default: '',
    shape: z
      .string()
      .max(64, 'is too long for a code')
      .refine(isCodeOrWiped, 'is not a code: letters are missing or mistyped, the last one checks the others')
      .transform(text => (text.includes(WIPED) ? '' : (normaliseCode(text) ?? ''))),
    help: 'The single-use code you were given. It is wiped here once the box has taken it up.',
    secret: true,
  },
  'host.name': {
    default: '',
    shape: z.union([
      z.literal(''),
      z.string().max(63, 'must be 63 letters or fewer').regex(nameShape, 'must be letters, digits and dashes'),
    ]),
    help: 'How the box calls itself. Left empty: cyberalarm.',
  },
  'network.address': {
    default: '',
    shape: list(interfaceAddress, 8),
    help: 'Fixed addresses with prefix length, e.g. 192.0.2.10/24. A family without one takes DHCP or router advertisements.',
  },
  'network.gateway': {
    default: '',
    shape: list(address('must be an address such as 192.0.2.1'), 2),
    help: 'One for IPv4, one for IPv6, or both; only with a fixed address.',
  },
  'network.dns': {
    default: '',
    shape: list(address('must be addresses such as 192.0.2.53'), 4),
    help: 'DNS servers. Left empty, those of DHCP are used.',
  },
  'time.servers': {
    default: '',
    shape: list(
      z.string().refine(text => isAddress(text) || nameShape.test(text), 'must be names or addresses of NTP servers'),
      8,
    ),
    help: 'NTP servers. Left empty, those that the image names, on the internet.',
  },
} as const

export const memberTable = { ...settingsTable, ...boxSettingsTable }
export type MemberSettings = SettingValues<typeof memberTable>
export type BoxSettings = SettingValues<typeof boxSettingsTable>
export type ParsedMember = ParsedTable<typeof memberTable>

export const memberNames: readonly string[] = Object.keys(memberTable)
const secretNames = Object.entries(boxSettingsTable).flatMap(([name, setting]) => ('secret' in setting ? [name] : []))

/** Reads a text, and judges what no line can say of itself. Never throws; `values` count only without faults. */
export function readMember(text: string, file: string): ParsedMember {
  const parsed = parseTable(memberTable, text, file)
  if (parsed.faults.length > 0) return parsed
  const { values, stated } = parsed
  const network: SettingFault[] = networkFaults(values['network.address'], values['network.gateway']).map(fault => {
    const line = stated.get('network.gateway')?.line ?? 0
    return { line, text: `${file}:${line}: network.gateway = ${fault}` }
  })
  return { values, stated, faults: [...network, ...tlsFaults(values, file)] }
}

/** The same for who has one text to apply. Failure 'settings-wrong' tells every fault with its line. */
export function parseMemberSettings(text: string, file = 'cyberalarm.conf'): MemberSettings {
  const { values, faults } = readMember(text, file)
  if (faults.length > 0) throw new Failure('settings-wrong', faults.map(fault => fault.text).join('\n'))
  return values
}

/** Whether a text says anything: a file of comments and empty values does not. */
export const saysNothing = ({ stated }: ParsedMember): boolean =>
  [...stated].every(([name, { value }]) => value.trim() === '' || (secretNames.includes(name) && value.includes(WIPED)))

/** What is stated, as `name = value` lines without comments, in the order of the table and without secrets. */
export function formatStated(stated: ParsedMember['stated'], names: readonly string[] = memberNames): string {
  return names
    .filter(name => !secretNames.includes(name))
    .flatMap(name => {
      const value = stated.get(name)?.value
      // in quotes, because the reader takes one pair of them away
      return value === undefined || value === '' ? [] : [`${name} = ${/^".*"$/.test(value) ? `"${value}"` : value}\n`]
    })
    .join('')
}

const looksLikeCode = /[0-9A-Za-z*]{4}(?:[ -]?[0-9A-Za-z*]{4}){3}[ -]?[0-9A-Za-z*](?![0-9A-Za-z])/g

/** Text for people without what may be a code in the wrong place, or a password in an address of a proxy. */
export const withoutSecrets = (text: string): string =>
  text
    .replace(looksLikeCode, found => (normaliseCode(found) === undefined ? found : '(not shown)'))
    .replace(/\/\/[^\s/]*@/g, '//(not shown)@')
