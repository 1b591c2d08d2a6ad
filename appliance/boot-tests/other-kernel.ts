// A kernel of Debian's that is not in the image and drives the same machines, for a test: the one for real-time work.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tool } from './ground.ts'

export interface OtherKernel {
  /** What it calls itself: the name of its folder of modules. */
  readonly name: string
  /** The file of its package. */
  readonly deb: string
}

/** Fetches it with this machine's apt from Debian's servers, 110 MB; `folder` is emptied. */
export function fetchOtherKernel(folder: string): OtherKernel {
  rmSync(folder, { recursive: true, force: true })
  for (const place of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, place), { recursive: true })
  // the image is of both, and of two kernels the newer one stays
  const suites = ['debian trixie', 'debian-security trixie-security']
  writeFileSync(join(folder, 'sources.list'), suites.map(suite => `deb http://deb.debian.org/${suite} main\n`).join(''))
  writeFileSync(join(folder, 'status'), '')
  const settings = {
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': 'root',
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
  }
  const apt = (command: string, ...words: string[]) =>
    tool('env', '-C', folder, command, '-q', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...words)
  apt('apt-get', 'update')
  const name = /Depends: linux-image-(\S+)/.exec(apt('apt-cache', 'depends', 'linux-image-rt-amd64'))?.[1]
  if (name === undefined) throw new Error('Debian has no linux-image-rt-amd64 any more')
  apt('apt-get', 'download', `linux-image-${name}`)
  return { name, deb: join(folder, readdirSync(folder).find(file => file.endsWith('.deb')) ?? '') }
}
