// The release after the one of the image: the same files with a higher number, signed by two of the keys that the image trusts, on a USB
// stick, from which a unit of the test hands it to the guard as the updater does.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseManifest } from '../../agent/update/manifest.ts'
import { makeRelease } from '../../scripts/release-parts.ts'
import { readSigningKey } from '../../scripts/updates/key-files.ts'
import { folder, tool } from './ground.ts'

const build = join(import.meta.dirname, '../../build')
const STICK_BYTES = 96 * 1024 * 1024

/** Gives the stick. The image has to have been built in this checkout, with its keys of developers. */
export function nextReleaseOnStick(): { readonly stick: string; readonly version: string } {
  const work = join(folder, 'next-release')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  // the runtime is packed already
  cpSync(join(build, 'parts/parts'), join(work, 'release/parts'), { recursive: true })
  cpSync(join(build, 'release/agent'), join(work, 'agent'), { recursive: true })
  const { parts, number, ...numbers } = parseManifest(readFileSync(join(build, 'release/release')))
  const version = '0.1.99'
  const about = join(work, 'agent/lib/package.json')
  writeFileSync(about, JSON.stringify({ ...JSON.parse(readFileSync(about, 'utf8')), version, release: number + 1 }))
  const sources = ['runtime', 'agent'].map(kind => ({ kind, folder: kind === 'agent' ? join(work, kind) : join(build, 'release', kind) }))
  const made = makeRelease(join(work, 'release'), { ...numbers, version, number: number + 1 }, sources)
  const manifest = readFileSync(join(work, 'release/manifest'))
  const names = ['manifest', 'manifest.1', 'manifest.2', ...made.parts.map(({ rootHash }) => `parts/${rootHash}.img`)]
  for (const [i, holder] of ['anna', 'ben'].entries())
    writeFileSync(join(work, `release/manifest.${i + 1}`), readSigningKey(join(build, 'development', holder, 'targets.pem')).sign(manifest))
  const stick = join(work, 'stick.raw')
  tool('truncate', '-s', String(STICK_BYTES), stick)
  tool('mformat', '-i', stick, '-v', 'STICK', '::')
  tool('mmd', '-i', stick, '::/parts')
  for (const name of names) tool('mcopy', '-i', stick, join(work, 'release', name), `::/${name}`)
  return { stick, version }
}
