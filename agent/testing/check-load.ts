// What has to hold of an agent under load, for as long as one likes. On a machine that others use too, a stall counts for what
// the agent did itself: without the time in which it was ready to run and other programs, or the host, had the processors.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { sums, temporaryFolder } from './harness.ts'
import { runLoad } from './load.ts'

const STALL_MAX_MS = 50
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

  // a stall is told when it is over, so what kept the agent waiting may have been in the second before
  const longest = samples.flatMap((sample, second) => {
    const before = samples[second - 1] ?? { longestStallMs: 0, waitedMs: 0, stolenMs: 0 }
    if (sample.longestStallMs <= before.longestStallMs) return []
    const [waitedMs, stolenMs] = [sample.waitedMs + before.waitedMs, sample.stolenMs + before.stolenMs]
    return [
      { second, stallMs: sample.longestStallMs, ownMs: sample.longestStallMs - stolenMs - (isQuiet ? 0 : waitedMs), waitedMs, stolenMs },
    ]
  })
  const stalls = longest.map(
    one => `${one.stallMs} ms in second ${one.second} (kept waiting ${one.waitedMs.toFixed(1)}, stolen by the host ${one.stolenMs})`,
  )
  const told = `stalls, each longer than all before: ${stalls.join(', ')}; an idle process waited ${machineStallMs.toFixed(1)} ms at worst`
  t.comment(told)
  t.ok(longest.length > 0)
  t.same(
    longest.filter(one => one.ownMs > STALL_MAX_MS),
    [],
    told,
  )

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
