// What the Linux audit log says of logins at sshd:
// `type=USER_LOGIN msg=audit(...): ... msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.1 terminal=ssh res=failed'`.
// A name with a blank or a quote in it is written in hexadecimal (audit_log_untrustedstring), so no name can hold a field.
import { Action, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { Reading } from '../../recogniser.ts'
import { wordEnd } from '../../tokenisers/phrases.ts'

const USER_TYPE = ascii('type=USER_')
const AUDIT = ascii('aud')
const TYPES = ['LOGIN', 'AUTH', 'ERR'].map(ascii)
const PROGRAM = ascii(' exe="')
const SSHD = ascii('/sshd')
const ADDRESS = ascii(' addr=')
const FAILED = ascii(' res=failed')
const SUCCESS = ascii(' res=success')

/** The audit daemon's dispatcher has a tag of its own, `audispd` or `audit`; files that are forwarded have none. */
export const isAudit = ({ bytes, body, end, tagStart, tagEnd }: Message): boolean =>
  startsWith(bytes, body, end, USER_TYPE) && (tagStart === tagEnd || startsWith(bytes, tagStart, tagEnd, AUDIT))

/** Where `/sshd` or `/sshd-session` stands in the path of the program that the audit log speaks of, or -1. */
export function auditProgram({ bytes, body, end }: Message): number {
  const program = find(bytes, body, end, PROGRAM)
  return program < 0 ? -1 : find(bytes, program, wordEnd(bytes, program + 1, end), SSHD)
}

export function readAudit({ bytes, body, end }: Message, event: EventRecord, program: number): Reading {
  const type = body + USER_TYPE.length
  let isLogin = false
  for (const name of TYPES) isLogin ||= startsWith(bytes, type, end, name)
  if (!isLogin) return Reading.ignored
  const address = find(bytes, program, end, ADDRESS)
  const isFailed = find(bytes, program, end, FAILED) >= 0
  if (address < 0 || (!isFailed && find(bytes, program, end, SUCCESS) < 0)) return Reading.ignored
  const at = address + ADDRESS.length
  const stop = wordEnd(bytes, at, end)
  if (bytes[at] === 0x3f) return Reading.ignored
  event.hasSource = readAddress(bytes, at, stop, event.words, SOURCE)
  if (!event.hasSource) return Reading.unreadable
  event.action = isFailed ? Action.loginFailed : Action.allow
  event.protocol = Protocol.tcp
  return Reading.event
}
