// Hours of arrivals as retention sees them: all files of the folder, those that cannot be attached too, each with the time from which
// its age counts. That is the start of the hour in its name, unless the clock was wrong when the file was made: then it is when
// it was first seen, on the clock that deletion goes by.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { HOUR_MS, hourStart } from './calendar.ts'
import type { ArrivalHour, Ground } from './ground.ts'

export interface AgedHour extends ArrivalHour {
  readonly sinceMs: number
  /** False if its file is there and central could not attach it. */
  readonly isReadable: boolean
  readonly isCollected: boolean
}

const FORM = /^(\d{4}-\d{2}-\d{2}T\d{2})\.duckdb(\.wal)?$/
const rowSchema = z.object({ name: z.string(), since: z.number(), collected: z.number() })

/** Notes hours that are new, and gives all, the oldest first. `lastLook`: when this was last done; undefined at the first time after a start. */
export function observeHours({ register, arrivals, arrivalsFolder }: Ground, now: number, lastLook: number | undefined): AgedHour[] {
  const attached = new Map(arrivals.hours().map(hour => [hour.name, hour]))
  const names = new Set([...attached.keys(), ...readdirSync(arrivalsFolder).flatMap(name => FORM.exec(name)?.[1] ?? [])])
  const known = new Map(register.read(rowSchema, 'SELECT name, since, collected FROM arrival_hours').map(row => [row.name, row]))
  const fresh = [...names].filter(name => !known.has(name) && !Number.isNaN(hourStart(name)))
  const gone = [...known.keys()].filter(name => !names.has(name))
  for (const name of fresh) known.set(name, { name, since: sinceOf(hourStart(name), now, lastLook), collected: 0 })
  if (fresh.length + gone.length > 0)
    register.transact(transaction => {
      for (const name of fresh)
        transaction.run('INSERT INTO arrival_hours (name, since) VALUES ($name, $since)', { name, since: known.get(name)?.since ?? now })
      for (const name of gone) transaction.run('DELETE FROM arrival_hours WHERE name = $name', { name })
    }, 'reserve')
  return [...known.values()]
    .filter(({ name }) => names.has(name))
    .map(({ name, since, collected }) => {
      const made = {
        name,
        startMs: hourStart(name),
        path: join(arrivalsFolder, `${name}.duckdb`),
        isOpen: false,
        damage: 'it is not attached',
      }
      const hour = attached.get(name)
      return { ...(hour ?? made), sinceMs: since, isReadable: hour !== undefined && hour.damage === undefined, isCollected: collected > 0 }
    })
    .sort((a, b) => a.sinceMs - b.sinceMs)
}

/** A name from the future, or an old one on a file that was not there at the last look, is of a clock that was wrong. */
function sinceOf(startMs: number, now: number, lastLook: number | undefined): number {
  if (startMs > now) return now
  return lastLook === undefined || startMs >= lastLook - 2 * HOUR_MS ? startMs : now
}
