// Marked messages, `cyberalarm-canary <nonce of 16 hexadecimal digits> <number>`: sent from this machine to its own sockets, they show
// whether what arrives there is read. The agent sends some of its own, under a new nonce each time; others come from whoever judges a
// release from outside. They say nothing of a gateway: they count as ignored, and take no gateway's number.
import { ascii, isDigit, startsWith } from '../lib/bytes.ts'

const MARK = ascii('cyberalarm-canary ')
const NONCE_LENGTH = 16
const NUMBER_MAX_DIGITS = 9
/** Own nonces that may still arrive late, and are then nobody's. */
const LATE_MAX = 8

const LESS = 0x3c
const GREATER = 0x3e
const BLANK = 0x20

/** Times are ms of the monotonic clock; NaN is never. */
export class Canary {
  /** Of the last nonce that was not one of the agent's own: how many of its messages came, and when the last did. */
  readonly outside = { nonce: '', count: 0, atMs: Number.NaN }
  readonly own = { sentAtMs: Number.NaN, returnedAtMs: Number.NaN }
  /** The last one first: only that one counts as returned. */
  private readonly nonces: string[] = []
  private sent = 0
  private returned = ''

  /** The text of the agent's next marked message, which is about to be sent. */
  next(nonce: string, now: number): string {
    this.nonces.unshift(nonce)
    this.nonces.length = Math.min(this.nonces.length, LATE_MAX)
    this.own.sentAtMs = now
    this.sent = (this.sent % 999_999_999) + 1
    return `cyberalarm-canary ${nonce} ${this.sent}`
  }

  /** Whether the last own message came back. */
  get isReturned(): boolean {
    return this.nonces.length > 0 && this.returned === this.nonces[0]
  }

  /** Takes bytes[start, end), a message from an address of this machine, if it is a marked one. */
  take(bytes: Uint8Array, start: number, end: number, now: () => number = () => performance.now()): boolean {
    const mark = bytes[start] === LESS ? afterPriority(bytes, start, end) : start
    if (!startsWith(bytes, mark, end, MARK)) return false
    const at = mark + MARK.length
    if (!isNonce(bytes, at, end) || !isNumber(bytes, at + NONCE_LENGTH, end)) return false
    this.count(String.fromCharCode(...bytes.subarray(at, at + NONCE_LENGTH)), now())
    return true
  }

  private count(nonce: string, now: number): void {
    const own = this.nonces.indexOf(nonce)
    if (own === 0) {
      this.returned = nonce
      this.own.returnedAtMs = now
    }
    if (own >= 0) return
    const { outside } = this
    if (outside.nonce !== nonce) Object.assign(outside, { nonce, count: 0 })
    outside.count++
    outside.atMs = now
  }
}

/** Behind `<13>`, which senders of syslog put in front; `start` where there is none. */
function afterPriority(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1
  while (at < end && at < start + 4 && isDigit(bytes[at])) at++
  return at > start + 1 && at < end && bytes[at] === GREATER ? at + 1 : start
}

function isNonce(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + NONCE_LENGTH > end) return false
  for (let i = at; i < at + NONCE_LENGTH; i++) if (!isDigit(bytes[i]) && !(bytes[i] >= 0x61 && bytes[i] <= 0x66)) return false
  return true
}

/** A blank and a number, and behind them nothing but what ends a line. */
function isNumber(bytes: Uint8Array, at: number, end: number): boolean {
  let stop = end
  while (stop > at && bytes[stop - 1] < BLANK) stop--
  if (at >= stop || bytes[at] !== BLANK || stop - at < 2 || stop - at > 1 + NUMBER_MAX_DIGITS) return false
  for (let i = at + 1; i < stop; i++) if (!isDigit(bytes[i])) return false
  return true
}
