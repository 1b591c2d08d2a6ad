// Which base a build takes, and why, in words for people.
import { request } from 'undici'
import { type BaseName, baseNames } from '../../appliance/bases.ts'

/** Where the dated images of CentOS Stream are; that it answers is enough to try. */
const MIRROR = 'https://cloud.centos.org/centos/10-stream/x86_64/images/'
const DEADLINE_MS = 5000

export interface Choice {
  readonly base: BaseName
  readonly why: string
}

/** `wanted` is BASE=; without it CentOS Stream 10 where its mirror answers, else Debian 13. */
export async function chooseBase(wanted: string | undefined): Promise<Choice> {
  if (wanted !== undefined && wanted !== '') {
    const base = baseNames.find(name => name === wanted)
    if (base === undefined) throw new Error(`BASE=${wanted} is not known: choose ${baseNames.join(', ')}`)
    return { base, why: 'as BASE= says' }
  }
  try {
    const answer = await request(MIRROR, { method: 'HEAD', signal: AbortSignal.timeout(DEADLINE_MS) })
    await answer.body.dump()
    if (answer.statusCode === 200) return { base: 'centos-stream-10', why: 'its mirror answers' }
    return { base: 'debian-13', why: `the mirror of CentOS Stream answers ${answer.statusCode}` }
  } catch {
    return { base: 'debian-13', why: `no mirror of CentOS Stream answers within ${DEADLINE_MS / 1000} s` }
  }
}
