// What sshd begins its messages with, what that means, and where such a message has its address. The first phrase that
// fits decides, so a longer one stands before its beginning. What is not here is of no interest: sessions, keys, forwarding.
import { Action } from '../../../event.ts'
import { ascii } from '../../../lib/bytes.ts'

export const Shape = {
  ignored: 0,
  /** `ADDRESS[ port N]` directly behind the phrase. */
  next: 1,
  /** `METHOD for [invalid user ]NAME from ADDRESS port N ssh2[: key]` */
  authLog: 2,
  /** `NAME from ADDRESS[ port N]` to the end. */
  lastFrom: 3,
  /** `[authenticating user NAME |invalid user NAME ]ADDRESS port N` to the end. */
  closed: 4,
  /** The same, and `: reason` behind it. */
  beforeReason: 5,
  /** `ADDRESS[ port N]:CODE: what the client says` */
  received: 6,
  wrapped: 7,
  bracketed: 8,
  connection: 9,
  pam: 10,
  notAllowed: 11,
  penalty: 12,
} as const

export interface Phrase {
  readonly words: Uint8Array
  readonly shape: number
  readonly action: number
  /** Every message that begins so has a peer: one without is damaged. */
  readonly isSure: boolean
}

const phrase = (words: string, shape: number, action: number = Action.other, isSure = true): Phrase => ({
  words: ascii(words),
  shape,
  action,
  isSure,
})

/** `detect` is for what only a scanner does: it speaks no SSH, or says nothing, or offers what no client of today offers. */
export const phrases: readonly Phrase[] = [
  phrase('Failed to ', Shape.ignored),
  phrase('Failed ', Shape.authLog, Action.loginFailed),
  phrase('Accepted ', Shape.authLog, Action.allow, false),
  phrase('Invalid user ', Shape.lastFrom, Action.loginFailed),
  phrase('Illegal user ', Shape.lastFrom, Action.loginFailed),
  phrase('maximum authentication attempts exceeded for ', Shape.lastFrom, Action.loginFailed),
  // the failures it sums up were all said before
  phrase('PAM ', Shape.ignored),
  phrase('PAM: ', Shape.lastFrom, Action.loginFailed, false),
  phrase('authentication failure; ', Shape.pam, Action.loginFailed),
  phrase('User ', Shape.notAllowed, Action.loginFailed, false),
  phrase('ROOT LOGIN REFUSED FROM ', Shape.next, Action.loginFailed),
  phrase('Magic value check failed', Shape.lastFrom, Action.loginFailed, false),
  phrase('refused connect from ', Shape.wrapped, Action.deny),
  phrase('drop connection #', Shape.bracketed, Action.drop),
  phrase('Connection from ', Shape.connection, Action.allow),
  phrase('Connection closed by ', Shape.closed, Action.end, false),
  phrase('Connection reset by ', Shape.closed, Action.end, false),
  phrase('Disconnected from ', Shape.closed, Action.end, false),
  phrase('Disconnecting: ', Shape.ignored),
  phrase('Disconnecting ', Shape.beforeReason, Action.end),
  phrase('Received disconnect from ', Shape.received, Action.end),
  phrase('Did not receive identification string from ', Shape.next, Action.detect),
  phrase('Bad protocol version identification ', Shape.lastFrom, Action.detect),
  phrase('Protocol major versions differ for ', Shape.next, Action.detect, false),
  phrase('banner exchange: Connection from ', Shape.beforeReason, Action.detect),
  phrase('ssh_dispatch_run_fatal: Connection from ', Shape.beforeReason, Action.detect),
  phrase('kex_exchange_identification: Connection from ', Shape.beforeReason, Action.detect),
  phrase('kex_protocol_error: Connection from ', Shape.beforeReason, Action.detect),
  phrase('Unable to negotiate with ', Shape.beforeReason, Action.detect),
  phrase('Timeout before authentication for connection from ', Shape.next, Action.detect),
  phrase('Timeout before authentication for ', Shape.next, Action.detect),
  phrase('srclimit_penalise: ', Shape.penalty, Action.detect, false),
]
