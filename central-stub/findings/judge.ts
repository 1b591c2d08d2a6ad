// What may be thought of a finding: its grade by the Admiralty system (letter: how reliable the reporter is, digit: how credible
// the information), confidence, and whether it is noise or aimed. Pure.

/** What is known of the boxes that reported, and of what stands behind the finding. */
export interface Basis {
  /** The best of the reporting boxes. */
  readonly letter: Letter
  readonly members: number
  /** Different networks in which the members were reached. */
  readonly networks: number
  /** A login failed, or an attack was detected in a TCP session: nobody forges the source of either. */
  readonly isProven: boolean
  /** A TCP connection was allowed. Some firewalls say so at the first packet, which can be forged. */
  readonly isAllowed: boolean
}

export const letters = ['A', 'B', 'C', 'F'] as const
/** A: its clock is exact and its product known. B: its clock was inferred. C: product unknown. F: younger than a day, so nothing is known of it. */
export type Letter = (typeof letters)[number]

export interface Reporter {
  /** 0 unknown, 1 exact, 2 inferred. */
  readonly clock: number
  readonly isProductKnown: boolean
  readonly ageMs: number
}

const DAY_MS = 86_400_000

export function letterOf({ clock, isProductKnown, ageMs }: Reporter): Letter {
  if (ageMs < DAY_MS) return 'F'
  if (!isProductKnown) return 'C'
  return clock === 1 ? 'A' : 'B'
}

/** Members and networks from which a finding is believed although every packet of it could have been forged. */
const UNPROVEN_MEMBERS = 5
const UNPROVEN_NETWORKS = 3
/** By digit, as STIX 2.1 maps the Admiralty scale (appendix A of its specification). */
const confidences: Readonly<Record<number, number>> = { 1: 90, 2: 70, 3: 50, 4: 30, 5: 10 }

export interface Judgement {
  /** Letter and digit. */
  readonly grade: string
  /** 0 to 100. */
  readonly confidence: number
  readonly handshake: boolean
  /** Whether anything may be done to the source because of this finding alone. */
  readonly consequence: boolean
}

/**
 * A refused packet proves nothing about who sent it: a source that only such packets name gets 4, 3 at the most, however many there
 * are, and a consequence only from many members in different networks.
 */
export function judge({ letter, members, networks, isProven, isAllowed }: Basis): Judgement {
  const isSpread = members >= UNPROVEN_MEMBERS && networks >= UNPROVEN_NETWORKS
  const handshake = isProven || isAllowed
  const digit = handshake ? provenDigit(members, networks) : isSpread ? 3 : 4
  return { grade: `${letter}${digit}`, confidence: confidences[digit], handshake, consequence: isProven || isSpread }
}

const provenDigit = (members: number, networks: number): number =>
  members >= 3 && networks >= 3 ? 1 : members >= 2 && networks >= 2 ? 2 : 3

export const aims = ['noise', 'aimed', 'unclear', 'too-few-members'] as const
export type Aim = (typeof aims)[number]

export interface Reach {
  /** Members that saw the source in seven days: never too many, because it is counted in bits. */
  readonly members: number
  /** Members that sent anything in that time. */
  readonly heard: number
  /** What the finding counts at the member where it counts most. */
  readonly amount: number
  /** Logins and detections are aimed by less than ports are. */
  readonly isAttempt: boolean
}

/** With fewer members even a scan of the whole Internet is seen by few of them. */
const MEMBERS_TO_TELL = 50
const NOISE_MEMBERS = 5
const NOISE_PART = 0.01
const AIMED_MEMBERS = 2
const AIMED_AMOUNT = { ports: 15, attempts: 5 }

/** Whether the whole Internet gets this, or this member. */
export function aimOf({ members, heard, amount, isAttempt }: Reach): Aim {
  if (heard < MEMBERS_TO_TELL) return 'too-few-members'
  if (members >= Math.max(NOISE_MEMBERS, heard * NOISE_PART)) return 'noise'
  const isMuch = amount >= (isAttempt ? AIMED_AMOUNT.attempts : AIMED_AMOUNT.ports)
  return members <= AIMED_MEMBERS && isMuch ? 'aimed' : 'unclear'
}

export const aimTexts: Readonly<Record<Aim, string>> = {
  noise: 'noise: many members get the same',
  aimed: 'aimed: hardly anybody else gets this',
  unclear: 'cannot tell whether noise or aimed',
  'too-few-members': 'too few members to tell noise from aimed',
}
