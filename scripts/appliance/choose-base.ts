// Which base a build takes, and the reason, to be shown.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { type BaseName, baseNames } from '../../appliance/bases.ts'

const DEADLINE_MS = 5000
const release = readFileSync(join(import.meta.dirname, '../../packer/releases/centos-stream-10.pkrvars.hcl'), 'utf8')

export interface Choice {
  readonly base: BaseName
  readonly why: string
}

/** `requested` is BASE=; without it CentOS Stream 10 where its mirror has the image to build with, else Debian 13. */
export async function chooseBase(requested: string | undefined): Promise<Choice> {
  if (requested !== undefined && requested !== '') {
    const base = baseNames.find(name => name === requested)
    if (base === undefined) throw new Error(`unknown BASE=${requested}: choose ${baseNames.join(', ')}`)
    return { base, why: 'as BASE= says' }
  }
  // the very image that would be built with: CentOS removes them after some months
  const image = /^builder_disk *= *"(.*)"$/m.exec(release)?.[1] ?? ''
  try {
    const answer = await request(image, { method: 'HEAD', signal: AbortSignal.timeout(DEADLINE_MS) })
    await answer.body.dump()
    if (answer.statusCode === 200) return { base: 'centos-stream-10', why: 'its mirror has the image to build with' }
    return { base: 'debian-13', why: `CentOS answers ${answer.statusCode} to ${image}` }
  } catch {
    return { base: 'debian-13', why: `no mirror of CentOS Stream answers within ${DEADLINE_MS / 1000} s` }
  }
}
