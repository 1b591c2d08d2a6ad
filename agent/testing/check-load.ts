// What has to hold of an agent under load, for as long as one likes. Of a stall counts what is the agent's own (judge-stalls.ts).
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { sums, temporaryFolder } from './harness.ts'
import { formatStall, isForgiven, isTooLong, judgeStalls } from './judge-stalls.ts'
import { runLoad } from './load.ts'

const RESIDENT_MAX_BYTES = 120 * 2 ** 20
/** What a collection of garbage takes for a moment. */
const PEAK_BYTES = 16 * 2 ** 20
/** What garbage that is not yet collected may make of a difference; in three minutes a leak of four bytes a message is more. */
const GROWTH_MAX_BYTES = 6 * 2 ** 20
/** What the sender may lack of its rate when it has to wait for a processor. */
const RATE_MIN = 19_990

export async function checkLoad(t: Test, minutes: number, { isQuiet }: { readonly isQuiet: boolean }): Promise<void> {
  // without what a test runner may put into every Node.js below it, which the bundler does not bear
  const build = join(import.meta.dirname, '../../scripts/build-release.ts')
  execFileSync('env', ['-u', 'NODE_OPTIONS', process.execPath, build], { stdio: ['ignore', 'ignore', 'inherit'] })
  const { sent, last, samples, machineStallMs } = await runLoad(temporaryFolder(t), minutes, isQuiet ? line => t.comment(line) : undefined)

  const received = (input: string) => {
    const row = last.accounting.find(one => one.input === input)
    return (row?.received ?? 0) + (row?.kernelLost ?? 0)
  }
  t.same({ udp: received('udp'), tcp: received('tcp'), packets: received('nflog') }, sent, 'received + lost by the kernel = sent')
  t.ok(sent.udp + sent.tcp + sent.packets >= minutes * 60 * RATE_MIN, `at the rate it should be: ${JSON.stringify(sent)}`)
  const { unaccounted, spooled, waiting, shed } = sums(last)
  t.same({ unaccounted, spooled, waiting, shed }, { unaccounted: 0, spooled: 0, waiting: 0, shed: 0 })

  const stalls = judgeStalls(samples, machineStallMs, isQuiet)
  const idle = `an idle process waited ${machineStallMs.toFixed(1)} ms at worst`
  const summary = `stalls, each longer than all before: ${stalls.map(formatStall).join(', ')}; ${idle}`
  t.comment(summary)
  for (const stall of stalls.filter(isForgiven)) t.comment(`passes only by what was forgiven: ${formatStall(stall)}; ${idle}`)
  t.ok(stalls.length > 0)
  t.same(stalls.filter(isTooLong), [], summary)

  const resident = samples.map(({ residentBytes }) => residentBytes)
  const quarters = [0, 1, 2, 3].map(n => median(resident.slice((n * resident.length) / 4, ((n + 1) * resident.length) / 4)))
  const highest = Math.max(...resident)
  const memory = `resident memory, medians of quarters of the time: ${quarters.map(mebibytes).join(', ')} MiB; highest ${mebibytes(highest)}`
  t.comment(memory)
  t.ok(quarters[3] - quarters[1] <= GROWTH_MAX_BYTES, `flat: ${memory}`)
  t.ok(median(resident) <= RESIDENT_MAX_BYTES && highest <= RESIDENT_MAX_BYTES + PEAK_BYTES, `within its bounds: ${memory}`)
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
