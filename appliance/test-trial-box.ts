// An enrolled box with the guard, and releases of the real agent for it, of which some are broken by a few lines of their own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { until } from '../agent/testing/harness.ts'
import { openStages } from '../agent/testing/update-stage.ts'
import type { PartSource } from '../scripts/release-parts.ts'
import type { TestBox } from './test-box-machine.ts'
import { type EnrolledBox, startEnrolledBox } from './test-enrolled-box.ts'
import type { Report } from './test-guard.ts'
import { TestReleases } from './test-releases.ts'

const built = join(import.meta.dirname, '../build/release')
const packed = join(import.meta.dirname, '../build/parts/parts')
const busy = join(import.meta.dirname, 'test-busy-central.ts')

/** What is changed of an agent: the texts of files below lib. */
export type Patch = (read: (file: string) => string, write: (file: string, text: string) => void) => void
/** Lines before all that the agent does. */
export const first =
  (lines: string): Patch =>
  (read, write) =>
    write(
      'main.js',
      read('main.js').replace(/^#!.*\n|^/, start => `${start}${lines}\n`),
    )

export interface TrialBox extends EnrolledBox {
  readonly releases: TestReleases
  report(): Report
  /** Hands a release of the real agent over, and waits until it was judged; gives what is said then, and how long the switch took. */
  update(patch?: Patch): Promise<Judged>
  /** Hands it over and waits for nothing; gives its number. */
  handOver(patch?: Patch): number
  /** Another server in central's place that answers everything with this status, until `end`. */
  busyCentral(status: number): Promise<{ end(): Promise<void> }>
}
export interface Judged extends Report {
  /** From the start of the new release to the report of what became of it. */
  readonly tookMs: number
}

interface Options {
  /** How long the first stage takes; the real minute if nothing is said. */
  readonly seconds?: number
  /** Before the agent is started. */
  readonly prepare?: (box: TestBox) => void
}

export async function startTrialBox(t: { teardown(done: () => unknown): unknown }, { seconds, prepare }: Options = {}): Promise<TrialBox> {
  let made: TestReleases | undefined
  const box = await startEnrolledBox(t, {
    prepare: before => {
      const { machine } = before
      made = prepareGuard(t, before)
      machine.sh('getent passwd cyberalarm-update > /dev/null || useradd --system cyberalarm-update; mkdir -p /var/lib/cyberalarm-update')
      if (seconds !== undefined)
        before.dropIn('cyberalarm-judge@.service', `[Service]\nEnvironment=CYBERALARM_PROBATION_SECONDS=${seconds}\n`)
      prepare?.(before)
    },
  })
  if (made === undefined) throw new Error('the box was not prepared')
  const { machine, folder, central } = box
  const releases = made
  await learnOfUpdates(t, box)
  machine.sh('systemctl restart cyberalarm-release.service && systemctl start cyberalarm-switch.path')
  const report = () => JSON.parse(machine.sh('cat /run/cyberalarm-release/report.json')) as Report
  let number = 1
  const handOver = (patch?: Patch) => {
    number++
    releases.handOver(releases.make(number, {}, realSources(folder, number, patch)))
    return number
  }
  const update = async (patch?: Patch) => {
    const own = handOver(patch)
    const isOver = (now: Report) => now.number === own && now.text !== 'on trial for a minute'
    const mentions = (now: Report) => now.text.includes(`release ${own} `)
    let begun = 0
    const now = await until(
      () => {
        const said = report()
        if (begun === 0 && said.number === own) begun = performance.now()
        return said
      },
      said => isOver(said) || mentions(said),
      900_000,
    )
    return { ...now, tookMs: Math.round(performance.now() - begun) }
  }
  const busyCentral = async (status: number) => {
    await central.kill()
    const { port } = new URL(central.url)
    const [command, ...words] = [...machine.network, process.execPath, busy, join(folder, 'central'), port, String(status)]
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    return {
      end: async () => {
        child.kill('SIGKILL')
        await once(child, 'close')
      },
    }
  }
  return { ...box, releases, report, handOver, update, busyCentral }
}

/** Makes the guard trust these releases, and gives it what it needs on a machine of tests. */
export function prepareGuard(t: Parameters<typeof startEnrolledBox>[0], { machine, folder, dropIn }: TestBox): TestReleases {
  // loop devices belong to the kernel, and outlive the machine
  t.teardown(() => machine.run(['sh', '-c', 'for each in /dev/mapper/cyberalarm-*; do losetup -d "$(readlink "$each")"; done']))
  // a machine of tests has more to do than a box, where the guard gives way to the agent
  dropIn('cyberalarm-switch.service', '[Service]\nNice=0\n')
  return new TestReleases(machine, folder)
}

/** What a release of the real agent is made of, in a folder that a release of this number is then made in. */
export function realSources(folder: string, number: number, patch?: Patch): PartSource[] {
  const agent = join(folder, `source/agent-${number}`)
  cpSync(join(built, 'agent'), agent, { recursive: true })
  const at = (file: string) => join(agent, 'lib', file)
  writeFileSync(at('number'), `${number}\n`)
  patch?.(
    file => readFileSync(at(file), 'utf8'),
    (file, text) => writeFileSync(at(file), text),
  )
  // to pack Node.js takes a minute, and `make release` has done it
  const runtime = /^runtime (\S+)/m.exec(readFileSync(join(packed, '../manifest'), 'utf8'))?.[1]
  const parts = join(folder, `release-${number}`, 'parts')
  mkdirSync(parts, { recursive: true })
  for (const name of readdirSync(packed).filter(each => each.endsWith('.made') || each === `${runtime}.img`))
    linkSync(join(packed, name), join(parts, name))
  return [
    { kind: 'runtime', folder: join(built, 'runtime') },
    { kind: 'agent', folder: agent },
  ]
}

/** What the makers have signed lies on the box, as its updater leaves it. */
async function learnOfUpdates(t: Parameters<typeof startEnrolledBox>[0], { machine, folder }: EnrolledBox): Promise<void> {
  const stages = await openStages(join(folder, 'makers'), t)
  const stage = stages.next()
  await stage.check()
  const from = `/packages/${relative(folder, stage.box)}`
  machine.sh(
    `install -m 644 ${from}/usr/lib/cyberalarm/update-root.json /usr/lib/cyberalarm/ && install -o cyberalarm-update -m 644 ${from}/var/lib/cyberalarm-update/metadata.json* /var/lib/cyberalarm-update/`,
  )
}
