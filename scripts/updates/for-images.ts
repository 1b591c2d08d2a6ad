// What an image carries of a repository: the root of trust, and the keys of releases for the guard, which knows PEM and nothing of TUF.
import { createPublicKey } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from './repository.ts'

/** RFC 8410 section 4. */
const SPKI_ED25519 = '302a300506032b6570032100'

/**
 * Writes keys/1.pem to keys/3.pem and update-root.json. Images are built for members from a production root alone, and never from
 * keys of developers by mistake: `isProduction` says which it has to be.
 */
export function exportForImages(repository: Repository, folder: string, isProduction: boolean): void {
  const { environment, keys, roles } = repository.root
  if ((environment === 'production') !== isProduction)
    throw new Error(
      isProduction
        ? 'this repository has development keys, and no image for members may trust them; --development makes one for developers'
        : 'this repository has production keys: leave --development out',
    )
  mkdirSync(join(folder, 'keys'), { recursive: true })
  roles.targets.keyids.forEach((id, i) => {
    const key = createPublicKey({ key: Buffer.from(SPKI_ED25519 + keys[id].keyval.public, 'hex'), format: 'der', type: 'spki' })
    writeFileSync(join(folder, 'keys', `${i + 1}.pem`), key.export({ type: 'spki', format: 'pem' }), { mode: 0o644 })
  })
  const version = repository.versionOf('root')
  writeFileSync(join(folder, 'update-root.json'), readFileSync(join(repository.folder, 'metadata', `${version}.root.json`)), {
    mode: 0o644,
  })
}
