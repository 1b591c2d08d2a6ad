// Checks of what becomes of the messages inside the agent: none is lost without being counted, and the agent keeps up.
import { fault } from '../../errors.ts'
import type { Facts } from '../facts.ts'
import { above, DAY_MS, faulty, type Outcome, ok, unknown } from './outcome.ts'

/** Fewer say little. */
const JUDGED_FROM_MESSAGES = 200
/** Shorter ones are bridged by the kernel's buffers, which take 25,000 messages on a box. */
const STALL_MS = 2000
const SHORT_STALL_MS = 250
/** A single short one is nobody's business. */
const SHORT_STALL_MINUTES = 3

const counted = (count: number): string => `${count} ${count === 1 ? 'message' : 'messages'}`

export const reading = {
  accounting: ({ accounting }: Facts): Outcome => {
    const wrong = accounting.filter(input => input.unaccounted !== 0)
    if (wrong.length === 0) return ok(0)
    const detail = wrong.map(({ input, unaccounted }) => `${input} by ${counted(unaccounted)}`).join(', ')
    const value = wrong.reduce((sum, { unaccounted }) => sum + Math.abs(unaccounted), 0)
    return faulty('bad', [fault('accounting-wrong', detail)], value)
  },
  reading: ({ readingFaults: { count, last } }: Facts): Outcome =>
    count === 0 ? ok(0) : faulty('bad', [fault('reading-failed', `last reason: ${last}`)], count),
  // systemd restarts the agent for it (watchdog.ts); a look that fails is known before that
  'data-path': ({ dataPath: { fault: found, ageMs } }: Facts): Outcome => {
    const value = ageMs === undefined ? undefined : Math.round(ageMs / 1000)
    if (found !== undefined) return { level: 'bad', value, local: [found], isCertain: true }
    return ageMs === undefined ? unknown : { level: above(ageMs, 15_000, 30_000), value }
  },
  watchdog: ({ dataPath: { restartedAtMs }, now }: Facts): Outcome => {
    const ago = now - restartedAtMs
    if (restartedAtMs === 0 || ago > DAY_MS) return ok(0)
    return { level: 'warn', value: Math.max(0, Math.floor(ago / 60_000)), isCertain: true }
  },
  'kernel-lost': ({ recent: { received, kernelLost } }: Facts): Outcome => ({
    level: kernelLost === 0 ? 'ok' : kernelLost > (received + kernelLost) / 1000 ? 'bad' : 'warn',
    value: kernelLost,
  }),
  refused: ({ recent: { received, refused } }: Facts): Outcome => {
    if (received < JUDGED_FROM_MESSAGES) return unknown
    return { level: above(refused / received, 0.01, 0.1), value: Math.round((1000 * refused) / received) }
  },
  connections: ({ connectionsRefused: value }: Facts): Outcome => ({ level: above(value, 0, 100), value }),
  stall: ({ stallsMs }: Facts): Outcome => {
    if (stallsMs.length === 0) return unknown
    const longest = Math.round(Math.max(...stallsMs))
    if (longest > STALL_MS) return { level: 'bad', value: longest }
    return { level: stallsMs.filter(ms => ms > SHORT_STALL_MS).length >= SHORT_STALL_MINUTES ? 'warn' : 'ok', value: longest }
  },
  'sources-forgotten': ({ forgottenSources }: Facts): Outcome => ({ level: forgottenSources > 0 ? 'warn' : 'ok', value: forgottenSources }),
}
