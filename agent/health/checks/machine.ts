// Checks of the machine: disk, memory, temperature, clock. What the system does not say is not known, and passes for nothing.
import { fault } from '../../errors.ts'
import type { Facts } from '../facts.ts'
import { above, below, faulty, type Outcome, secondsOf, unknown } from './outcome.ts'

export const machine = {
  disk: ({ machine: { disk } }: Facts): Outcome => {
    if (disk === undefined) return unknown
    const { freePercent, freeInodesPercent } = disk
    const isOfInodes = freeInodesPercent !== undefined && freeInodesPercent < freePercent
    const value = Math.floor(isOfInodes ? freeInodesPercent : freePercent)
    const level = below(value, 15, 5)
    return { level, value, local: level !== 'ok' && isOfInodes ? [fault('disk-low', 'there are too many files (inodes)')] : [] }
  },
  'disk-errors': ({ machine: { diskErrors, isReadOnly } }: Facts): Outcome => {
    if (isReadOnly === true)
      return { level: 'bad', value: diskErrors ?? 0, local: [fault('disk-errors', 'it is read-only')], isCertain: true }
    return diskErrors === undefined ? unknown : { level: diskErrors > 0 ? 'bad' : 'ok', value: diskErrors, isCertain: true }
  },
  memory: ({ machine: { memoryAvailablePercent: percent } }: Facts): Outcome =>
    percent === undefined ? unknown : { level: below(percent, 10, 4), value: Math.floor(percent) },
  'memory-pressure': ({ machine: { memoryWaitPercent: percent } }: Facts): Outcome =>
    percent === undefined ? unknown : { level: above(percent, 10, 40), value: Math.round(percent) },
  'memory-exhausted': ({ machine: { memoryKills } }: Facts): Outcome =>
    memoryKills === undefined ? unknown : { level: memoryKills > 0 ? 'bad' : 'ok', value: memoryKills, isCertain: true },
  temperature: ({ machine: { hottestCelsius } }: Facts): Outcome =>
    hottestCelsius === undefined ? unknown : { level: above(hottestCelsius, 85, 95), value: Math.max(0, Math.round(hottestCelsius)) },
  clock: ({ uplink: { clockErrorMs } }: Facts): Outcome => {
    if (clockErrorMs === undefined) return unknown
    const level = above(Math.abs(clockErrorMs), 1000, 60_000)
    const value = secondsOf(Math.abs(clockErrorMs))
    return { level, value, local: level === 'ok' ? [] : [fault('clock-off', `it is ${clockErrorMs > 0 ? 'ahead' : 'behind'}`)] }
  },
  'clock-jumped': ({ clock: { jumps, lastJumpMs } }: Facts): Outcome =>
    jumps === 0 ? faulty('warn', []) : faulty('warn', [fault('clock-jumped', `last by ${Math.round(lastJumpMs / 1000)} s`)], jumps),
}
