// Whose releases an image takes: the root of trust for updates and the three keys of releases. Where none are given, keys of developers
// are made in build/development and are used until a week before they end: they never leave the checkout, and no member's image has them.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { exportForImages } from '../updates/for-images.ts'
import { ThrowAway } from '../updates/throw-away.ts'

const WEEK_MS = 7 * 86_400_000
const names = ['update-root.json', 'keys/1.pem', 'keys/2.pem', 'keys/3.pem']

export interface Trust {
  /** Holds update-root.json and keys/{1,2,3}.pem. */
  readonly folder: string
  readonly isDevelopment: boolean
}

/** `given`: what `node scripts/updates.ts for-images` wrote. `now` in ms since 1970. */
export function chooseTrust(given: string | undefined, root: string, now: number): Trust {
  if (given !== undefined) {
    const missing = names.find(name => !existsSync(join(given, name)))
    if (missing !== undefined) throw new Error(`UPDATE_TRUST=${given} has no ${missing}: node scripts/updates.ts for-images writes it`)
    return { folder: given, isDevelopment: rootIn(given).environment !== 'production' }
  }
  const development = join(root, 'build/development')
  const folder = join(development, 'trust')
  if (!existsSync(join(folder, names[3])) || Date.parse(rootIn(folder).expires) < now + WEEK_MS) {
    rmSync(development, { recursive: true, force: true })
    exportForImages(new ThrowAway(development, now, 'development').repository, folder, false)
  }
  return { folder, isDevelopment: true }
}

const rootIn = (folder: string): { readonly environment: string; readonly expires: string } =>
  JSON.parse(readFileSync(join(folder, names[0]), 'utf8')).signed
