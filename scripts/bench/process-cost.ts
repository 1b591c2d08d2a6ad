// What a process costs, from /proc: CPU of all its threads, also of those that ended, and the memory that it holds (proc(5)).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const ticksASecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export interface Cpu {
  readonly user: number
  readonly system: number
}

/** Seconds since the process began. */
export function cpuOf(pid: number): Cpu {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // the name of the program stands in brackets and may hold blanks; utime and stime are the 12th and 13th field behind it
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11]) / ticksASecond, system: Number(fields[12]) / ticksASecond }
}

export const cpuSeconds = ({ user, system }: Cpu): number => user + system

/** Microseconds of CPU for each of `count` between two readings. */
export const microsecondsEach = (before: Cpu, after: Cpu, count: number): number =>
  count > 0 ? ((cpuSeconds(after) - cpuSeconds(before)) * 1e6) / count : Number.NaN

function statusOf(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(found?.[1] ?? Number.NaN) * 1024
}

/** Bytes resident now. */
export const residentBytes = (pid: number): number => statusOf(pid, 'VmRSS')

/** Most bytes that were ever resident. */
export const peakResidentBytes = (pid: number): number => statusOf(pid, 'VmHWM')

export interface Samples {
  readonly bytes: readonly number[]
  stop(): void
}

/** Reads the resident memory now and then, until stopped. */
export function sampleMemory(pid: number, everyMs: number): Samples {
  const bytes: number[] = [residentBytes(pid)]
  const timer = setInterval(() => bytes.push(residentBytes(pid)), everyMs)
  return { bytes, stop: () => clearInterval(timer) }
}
