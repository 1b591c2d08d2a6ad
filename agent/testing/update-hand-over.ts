// For tests of the updater on a box: a stage with a guard that does nothing, and what the guard would find.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { pathsBelow } from '../paths.ts'
import type { UpdateStage } from './update-stage.ts'

export const pathsOf = (stage: UpdateStage) => pathsBelow(stage.box)
const put = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
/** Makes it a box with a guard. */
export function appliance(stage: UpdateStage): UpdateStage {
  put(pathsOf(stage).updateSwitch, '')
  return stage
}
/** What the box runs. */
export const runs = (stage: UpdateStage, version: string, release: number) =>
  put(join(pathsOf(stage).currentRelease, 'agent/lib/package.json'), JSON.stringify({ version, release }))
/** What the guard says of a release. */
export const report = (stage: UpdateStage, state: string, number: number) =>
  put(
    pathsOf(stage).releaseReport,
    JSON.stringify({ at: '2026-12-01T00:00:00Z', state, slot: 'a', version: 'x', number, text: 'As it is.' }),
  )
/** One more line of settings. */
export const set = (stage: UpdateStage, line: string) => appendFileSync(pathsOf(stage).settings, `${line}\n`)
/** Where it lies that was handed over. */
export const wanted = (stage: UpdateStage) => join(pathsOf(stage).updates, 'wanted')
export const isReady = (stage: UpdateStage) => existsSync(join(wanted(stage), 'ready'))
/** The guard is done. */
export const taken = (stage: UpdateStage) => rmSync(join(wanted(stage), 'ready'))
/** `cyberalarm update` ends with this decision. */
export const does = async (t: Test, stage: UpdateStage, kind: string, options = {}) =>
  t.match(await stage.update(options), { code: '', text: new RegExp(`"kind":"${kind}"`) }, kind)

/** All that the guard needs is there and is what was signed. */
export function isWholeHandOver(t: Test, stage: UpdateStage, number: number, what = ''): void {
  const folder = wanted(stage)
  const manifest = readFileSync(join(folder, 'manifest'), 'utf8')
  t.match(manifest, new RegExp(`^number ${number}$`, 'm'), what)
  const parts = [...manifest.matchAll(/^(?:runtime|agent) ([0-9a-f]{64})/gm)].map(([, hash]) => hash)
  for (const hash of parts)
    t.equal(
      createHash('sha256')
        .update(readFileSync(join(folder, 'parts', `${hash}.img`)))
        .digest('hex'),
      hash,
      what,
    )
  t.same(readdirSync(folder).sort(), ['manifest', 'manifest.1', 'manifest.2', 'parts', 'ready'], what)
  t.equal(readFileSync(join(folder, 'ready'), 'latin1'), `number ${number}\n`)
}
