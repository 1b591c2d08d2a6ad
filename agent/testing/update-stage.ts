// For tests of updates: makers with all their keys, a real central that serves a copy of their repository which the test may change
// as whoever holds the server could, and a box that asks it over the pinned client.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Central, startCentral } from '../../central-stub/central.ts'
import { promote } from '../../scripts/updates/channels.ts'
import { ThrowAway } from '../../scripts/updates/throw-away.ts'
import { Failure, type FailureCode } from '../errors.ts'
import { pathsBelow } from '../paths.ts'
import { readSettings } from '../settings/file.ts'
import { type UpdateOptions, update } from '../verbs/update.ts'
import { writeSettings } from './harness.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

export interface Said {
  /** '' if the box could learn what it is offered. */
  readonly code: FailureCode | ''
  readonly text: string
}

export class UpdateStage {
  readonly makers: ThrowAway
  /** What central serves. */
  readonly served: string
  readonly box: string
  private readonly folder: string

  /** `served` is a folder below that which central serves. */
  constructor(folder: string, makers: ThrowAway, central: Pick<Central, 'url' | 'pins'>, served: string) {
    this.folder = folder
    this.makers = makers
    this.served = served
    this.box = join(folder, 'box')
    writeSettings(this.box, central)
    const { updateRoot } = pathsBelow(this.box)
    mkdirSync(dirname(updateRoot), { recursive: true })
    writeFileSync(updateRoot, makers.rootBytes)
  }

  /** Offers the release to all boxes, and shows it. */
  offer(release: number): void {
    const { makers } = this
    promote(
      makers.repository,
      { channel: 'stable', release, notBefore: makers.now - HOUR_MS, waves: [], minFrom: 0 },
      makers.online('channels'),
      makers.now,
    )
    makers.publish()
    this.show()
  }

  /** What central serves is what the makers have. */
  show(from = this.makers.repository.folder): void {
    rmSync(this.served, { recursive: true, force: true })
    cpSync(from, this.served, { recursive: true })
  }

  /** Keeps what is served now, to serve it again later. */
  keep(name: string): string {
    const kept = join(this.folder, name)
    cpSync(this.served, kept, { recursive: true })
    return kept
  }

  /** `cyberalarm update --check --json`. */
  check(): Promise<Said> {
    return this.update({ isCheck: true })
  }

  /** `cyberalarm update --json` with these options. */
  async update(options: Partial<UpdateOptions> = {}): Promise<Said> {
    let text = ''
    const print = (line: string) => {
      text += line
    }
    try {
      const call = { json: true, print, signal: new AbortController().signal }
      const all = { isCheck: false, isNow: false, from: undefined, isIfDue: false, ...options }
      await update(call, pathsBelow(this.box), readSettings(this.box), all)
      return { code: '', text }
    } catch (error) {
      if (error instanceof Failure) return { code: error.code, text: error.message }
      throw error
    }
  }

  /** All files of the box that updates may touch, with what is in them. */
  onDisk(): Record<string, string> {
    const folder = dirname(pathsBelow(this.box).updateMetadata)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => statSync(join(folder, name)).isFile())
    return Object.fromEntries(files.sort().map(name => [name, readFileSync(join(folder, name), 'utf8')]))
  }
}

/** A central that serves the folder `served` of each stage; stages are made by `next`, each with makers of its own. */
export async function openStages(folder: string, t: { teardown(done: () => unknown): unknown }) {
  const served = join(folder, 'served')
  const central = await startCentral({ folder: join(folder, 'central'), updates: served })
  t.teardown(() => central.close())
  let number = 0
  return {
    central,
    served,
    /** A box that has seen release 2 offered. */
    next: (now = Date.now(), makersOf?: ThrowAway): UpdateStage => {
      const own = join(folder, `stage-${number++}`)
      const makers = makersOf ?? new ThrowAway(join(own, 'makers'), now)
      const stage = new UpdateStage(own, makers, central, served)
      if (makersOf === undefined) {
        makers.release(2, '0.2.0', 1000)
        stage.offer(2)
      }
      return stage
    },
  }
}
