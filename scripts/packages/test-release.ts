// What tests pack: the release that `make release` made.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makePackages } from './make.ts'

const release = join(import.meta.dirname, '../../build/release')

/** Why nothing can be packed here; undefined if it can. */
export const whyNoPackages = (): string | undefined => {
  if (!existsSync(join(release, 'bin/open-nflog'))) return 'build/release does not exist: run make release'
  return ['dpkg-deb', 'rpmbuild', 'objdump'].filter(name => !existsSync(`/usr/bin/${name}`)).map(name => `there is no ${name}`)[0]
}

export const makeQuickly = (folder: string, version: string, updateRoot?: Buffer) =>
  makePackages({ release, folder, version, time: 1_800_000_000, central: undefined, updateRoot, isQuick: true })
