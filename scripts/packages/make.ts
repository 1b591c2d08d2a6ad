// From a release to packages in a folder.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDeb } from './deb.ts'
import { checkNeeds, dependencies, type Needs, readNeeds } from './libraries.ts'
import { makeRpm } from './rpm.ts'
import { type Central, layOut } from './tree.ts'

export interface MakeOptions {
  readonly release: string
  readonly folder: string
  /** Seconds since 1970 that all files get. */
  readonly time: number
  readonly central: Central | undefined
  /** What `node scripts/updates.ts for-images` wrote as update-root.json. */
  readonly updateRoot?: Buffer | undefined
  readonly isQuick: boolean
  /** Instead of the release's own, for tests of upgrades. */
  readonly version?: string
}

export interface Made {
  readonly deb: string
  readonly rpm: string
  readonly version: string
  /** Version of the release. */
  readonly released: string
  readonly needs: Needs
}

export function makePackages(options: MakeOptions): Made {
  const { release, folder, time, central, updateRoot, isQuick } = options
  const { version: released }: { version: string } = JSON.parse(readFileSync(join(release, 'agent/lib/package.json'), 'utf8'))
  const version = options.version ?? released
  // each family orders other versions in its own way
  if (!/^\d+(\.\d+)*$/.test(version)) throw new Error(`a package version consists of numbers and dots, not '${version}'`)
  const needs = readNeeds(
    ['runtime/bin/node', 'bin/open-nflog', 'agent/lib/node_modules/node-netfilter-log/build/nflog.node'].map(name => join(release, name)),
  )
  checkNeeds(needs)
  mkdirSync(folder, { recursive: true })
  const make = (kind: 'deb' | 'rpm'): string => {
    const work = mkdtempSync(join(folder, `.${kind}-`))
    try {
      const tree = join(work, 'tree')
      layOut({ release, folder: tree, version, time, central, updateRoot }, kind)
      return { deb: makeDeb, rpm: makeRpm }[kind]({ tree, folder, version, time, depends: dependencies(needs, kind), isQuick })
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  return { deb: make('deb'), rpm: make('rpm'), version, released, needs }
}
