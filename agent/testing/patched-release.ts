// The built release with a few lines of its own: what no test can bring about from outside, such as a fault in the agent itself.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './harness.ts'

const built = join(import.meta.dirname, '../../build/release')

/** Each text of these is in one file of the release, and the second takes the place of the first. */
export type Changes = readonly (readonly [text: RegExp, by: string])[]

/** A copy below `folder`, and how it is started. Throws an Error for a text that is in no file, or in several. */
export function patchedRelease(folder: string, changes: Changes): Start {
  const copy = join(folder, 'build/release')
  mkdirSync(copy, { recursive: true })
  cpSync(join(built, 'agent'), join(copy, 'agent'), { recursive: true })
  symlinkSync(join(built, 'runtime'), join(copy, 'runtime'))
  const lib = join(copy, 'agent/lib')
  const files = readdirSync(lib).filter(name => /\.(js|json)$/.test(name))
  for (const [text, by] of changes) {
    const found = files.map(name => join(lib, name)).filter(path => text.test(readFileSync(path, 'utf8')))
    if (found.length !== 1) throw new Error(`${text} is in ${found.length} files of the release`)
    writeFileSync(found[0], readFileSync(found[0], 'utf8').replace(text, by))
  }
  return { isRelease: true, checkout: folder }
}
