// What the holder of the channels key signs: which release a channel offers, to whom when, and whether it is paused. And the two
// roles that are online: snapshot and timestamp, which say what is the newest of everything.
import { type Channel, PLACES, parseChannel } from '../../agent/update/channel.ts'
import type { SigningKey } from './key-files.ts'
import { numbersIn } from './releases.ts'
import type { Repository, SignedTargets } from './repository.ts'

/** 1 % of the boxes within 4 hours, all within 6 days (Bottlerocket's default schedule has this form). */
export const usualWaves: Channel['waves'] = [
  { hours: 4, places: PLACES * 0.01 },
  { hours: 24, places: PLACES * 0.1 },
  { hours: 72, places: PLACES * 0.5 },
  { hours: 144, places: PLACES },
]

export interface Promotion {
  readonly channel: string
  readonly release: number
  readonly notBefore: number
  readonly waves: Channel['waves']
  readonly minFrom: number
}

export function promote(repository: Repository, { channel, ...promotion }: Promotion, keys: readonly SigningKey[], now: number): void {
  if (!numbersIn(repository.read<SignedTargets>('targets')).includes(promotion.release))
    throw new Error(`there is no release ${promotion.release} in this repository: \`show\` lists them`)
  if (promotion.minFrom > promotion.release)
    throw new Error(`no box could ever take release ${promotion.release} if it has to have release ${promotion.minFrom} first`)
  writeChannel(repository, channel, { format: 1, ...promotion, paused: false }, keys, now)
}

export function setPaused(repository: Repository, channel: string, paused: boolean, keys: readonly SigningKey[], now: number): void {
  writeChannel(repository, channel, { ...readChannel(repository, channel), paused }, keys, now)
}

/** The release that a channel offers. Throws if it is paused: what was found bad there goes nowhere else by mistake. */
export function releaseOf(repository: Repository, channel: string): number {
  const { release, paused } = readChannel(repository, channel)
  if (paused) throw new Error(`release ${release} is paused on ${channel}: \`resume\` it there if it is good`)
  return release
}

export function readChannel(repository: Repository, channel: string): Channel {
  const name = `channels/${channel}.json`
  const entry = repository.versionOf('channels') === undefined ? undefined : repository.read<SignedTargets>('channels').targets[name]
  if (entry === undefined) throw new Error(`there is no channel ${channel} in this repository: \`show\` lists them, \`promote\` makes one`)
  return parseChannel(repository.content(name, entry))
}

function writeChannel(repository: Repository, channel: string, content: Channel, keys: readonly SigningKey[], now: number): void {
  if (!/^[a-z][a-z0-9-]{0,20}$/.test(channel))
    throw new Error(`'${channel}' is no name of a channel: lower-case letters, digits and dashes`)
  const bytes = Buffer.from(`${JSON.stringify({ ...content, notBefore: new Date(content.notBefore).toISOString() }, null, 1)}\n`)
  parseChannel(bytes) // boxes will
  const before = repository.versionOf('channels') === undefined ? undefined : repository.read<SignedTargets>('channels')
  const name = `channels/${channel}.json`
  const targets = { ...before?.targets, [name]: repository.add(name, bytes) }
  repository.write('channels', { _type: 'targets', targets }, keys, now)
}

/** Shows boxes what was signed since the last time. Before, they see nothing of it, but for a new root. */
export function publish(repository: Repository, keys: readonly SigningKey[], now: number): void {
  repository.check(now)
  signOnline(repository, keys, now)
}

/** The same without a look at what it is, as a thief of the online keys would. */
export function signOnline(repository: Repository, keys: readonly SigningKey[], now: number): void {
  const [targets = 0, channels = 0] = (['targets', 'channels'] as const).map(role => repository.versionOf(role))
  const meta = { 'targets.json': { version: targets }, 'channels.json': { version: channels } }
  const version = repository.write('snapshot', { _type: 'snapshot', meta }, keys, now)
  repository.write('timestamp', { _type: 'timestamp', meta: { 'snapshot.json': { version } } }, keys, now)
}
