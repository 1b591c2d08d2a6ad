// What a repository holds, for the makers.
import { table } from '../../agent/lib/table.ts'
import { readChannel } from './channels.ts'
import { numbersIn } from './releases.ts'
import type { Repository, RoleName, Signed, SignedTargets } from './repository.ts'

const DAY_MS = 86_400_000
const soonDays: Readonly<Record<RoleName, number>> = { root: 60, targets: 45, channels: 45, snapshot: 2, timestamp: 1 }

export function show(repository: Repository, now: number): string {
  const present = (Object.keys(soonDays) as RoleName[]).filter(role => repository.versionOf(role) !== undefined)
  const rows = present.map(role => {
    const { version, expires } = repository.read<Signed>(role)
    const { keyids, threshold } = repository.roleOf(role)
    const days = Math.floor((Date.parse(expires) - now) / DAY_MS)
    return [role, String(version), `${threshold} of ${keyids.length}`, `${days < soonDays[role] ? '! ' : ''}${expires} (${days} days)`]
  })
  const names = present.includes('channels') ? Object.keys(repository.read<SignedTargets>('channels').targets) : []
  const channels = names.map(name => {
    const channel = name.replace(/^channels\/|\.json$/g, '')
    const { release, paused, notBefore, waves } = readChannel(repository, channel)
    const how = waves.length === 0 ? 'at once' : `in waves over ${waves.at(-1)?.hours} hours`
    return [channel, String(release), paused ? 'paused' : 'offered', `from ${new Date(notBefore).toISOString()}, ${how}`]
  })
  const releases = numbersIn(repository.read<SignedTargets>('targets')).join(', ')
  const text = [
    `environment: ${repository.root.environment}`,
    '',
    table(['role', 'version', 'signs', 'ends'], rows),
    '',
    `releases: ${releases || 'none'}`,
  ]
  if (channels.length > 0) text.push('', table(['channel', 'release', 'state', 'when'], channels))
  return text.join('\n')
}
