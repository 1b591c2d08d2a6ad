// Memory: what the machine has left, what the agent may still take of its own limit, and what was killed for want of it.
import { join } from 'node:path'
import type { MachineFacts } from '../facts.ts'
import { numberIn, smallFile } from './small-file.ts'

type MemoryFacts = Pick<MachineFacts, 'memoryAvailablePercent' | 'memoryWaitPercent' | 'memoryKills'>

const fieldOf = (text: string, name: string): number | undefined => {
  const found = new RegExp(`^${name}:? +(\\d{1,15})`, 'm').exec(text)
  return found === null ? undefined : Number(found[1])
}

/** Of /proc/meminfo, in per cent. */
export function availableIn(memInfo: string): number | undefined {
  const total = fieldOf(memInfo, 'MemTotal')
  const available = fieldOf(memInfo, 'MemAvailable')
  return total === undefined || total === 0 || available === undefined ? undefined : (100 * available) / total
}

/** `some avg10=0.00 avg60=1.25 …` (Documentation/accounting/psi.rst), in per cent of the last minute. */
export function waitIn(pressure: string): number | undefined {
  const found = /^some .*\bavg60=(\d{1,3}\.\d\d)\b/m.exec(pressure)
  return found === null ? undefined : Number(found[1])
}

/** Folder of our own control group (version 2), of which the last line of /proc/self/cgroup tells. */
export function groupFolder(cgroup: string, sys: string): string | undefined {
  const path = /^0::(\/[^\n]*)$/m.exec(cgroup)?.[1]
  return path === undefined || path.includes('..') ? undefined : join(sys, 'fs/cgroup', path)
}

/** `host` is where the unit shows files of /proc that its sandbox hides. */
export function memoryOf({ proc, sys, host }: { proc: string; sys: string; host: string }): MemoryFacts {
  const of = (name: string) => smallFile(join(proc, name)) ?? smallFile(join(host, name))
  const machine = availableIn(of('meminfo') ?? '')
  const group = groupFolder(smallFile(join(proc, 'self/cgroup')) ?? '', sys)
  const wait = waitIn(of('pressure/memory') ?? '')
  if (group === undefined) return { memoryAvailablePercent: machine, memoryWaitPercent: wait, memoryKills: undefined }
  const own = leftOf(group)
  const ownWait = waitIn(smallFile(join(group, 'memory.pressure')) ?? '')
  return {
    memoryAvailablePercent: least(machine, own),
    memoryWaitPercent: wait ?? ownWait,
    memoryKills: fieldOf(smallFile(join(group, 'memory.events')) ?? '', 'oom_kill'),
  }
}

/** Of the group's own limit, without the cache of files, which gives way; undefined where there is none. */
function leftOf(group: string): number | undefined {
  const most = numberIn(join(group, 'memory.max'))
  const used = numberIn(join(group, 'memory.current'))
  const stat = smallFile(join(group, 'memory.stat')) ?? ''
  if (most === undefined || most === 0 || used === undefined) return undefined
  const cache = (fieldOf(stat, 'inactive_file') ?? 0) + (fieldOf(stat, 'active_file') ?? 0)
  return (100 * Math.max(0, most - Math.max(0, used - cache))) / most
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)
