// What this box is offered, and why it has it not yet: the metadata, the channel, the signed manifest, and then the reasons to wait,
// in the order in which a person would ask. It loads no part and changes nothing but what it knows to be signed.
import { Failure } from '../errors.ts'
import { CHANNEL_MAX_BYTES, type Channel, parseChannel, placeOf, waveBegins } from './channel.ts'
import type { Fetch } from './fetch.ts'
import { MANIFEST_MAX_BYTES, type Manifest, parseManifest, SIGNATURE_BYTES, verifyManifest } from './manifest.ts'
import { type MetadataOptions, type Target, type Trusted, withMetadata } from './metadata.ts'
import { loadSmall } from './parts.ts'
import { type Window, windowOpens } from './window.ts'

/** Signatures beside a manifest: `manifest.1` and so on. */
const SIGNATURES_MAX = 3

export interface Box {
  /** Undefined if it is not enrolled. */
  readonly device: string | undefined
  /** Of the release that runs. */
  readonly version: string
  readonly number: number
  readonly channel: string
  readonly window: Window | undefined
  /** The version that the member wants to stay with; '' for none. */
  readonly pin: string
  /** The release that was handed over last, of which nothing waits any more. */
  readonly tried?: number | undefined
  /** The release that runs has not shown yet that it can stay. */
  readonly isOnTrial?: boolean
  /** What was handed over last could not be taken at that time: the disk had no room, or another one was on trial. */
  readonly isPutOff?: boolean
}

export type Decision =
  | { readonly kind: 'current' | 'now' | 'handed-over' }
  | { readonly kind: 'older' | 'paused' | 'pinned' | 'needs-another-first' | 'on-trial' | 'tried' }
  | { readonly kind: 'before-wave' | 'before-window'; readonly from: number }

export interface Offer {
  readonly channel: Channel
  readonly manifest: Manifest
  /** What was signed, as it lies in the release's folder: `manifest`, `manifest.1` and so on. */
  readonly signed: ReadonlyMap<string, Uint8Array>
  /** Files of the release, which loadPart can load. */
  readonly parts: readonly Target[]
  readonly environment: 'production' | 'development'
}

/** Failure with a code that begins with update-, or about central, if it could not be learnt. */
export async function findOffer(options: MetadataOptions, channelName: string): Promise<Offer> {
  return withMetadata(options, async trusted => {
    const { fetch } = options
    const channel = parseChannel(await loadSmall(await need(trusted, `channels/${channelName}.json`), fetch, CHANNEL_MAX_BYTES))
    const { manifest, signed } = await loadManifest(trusted, fetch, channel.release)
    const parts: Target[] = []
    for (const { rootHash } of manifest.parts) parts.push(await need(trusted, `parts/${rootHash}.img`))
    return { channel, manifest, signed, parts, environment: trusted.root.environment }
  })
}

async function loadManifest(trusted: Trusted, fetch: Fetch, release: number): Promise<Pick<Offer, 'manifest' | 'signed'>> {
  const name = `releases/${release}/manifest`
  const bytes = await loadSmall(await need(trusted, name), fetch, MANIFEST_MAX_BYTES)
  const signed = new Map<string, Uint8Array>([['manifest', bytes]])
  for (let i = 1; i <= SIGNATURES_MAX; i++) {
    const signature = await trusted.find(`${name}.${i}`)
    if (signature !== undefined) signed.set(`manifest.${i}`, await loadSmall(signature, fetch, SIGNATURE_BYTES))
  }
  const { keys, threshold } = trusted.releaseKeys()
  verifyManifest(bytes, [...signed.values()].slice(1), keys, threshold)
  const manifest = parseManifest(bytes)
  if (manifest.number !== release) throw new Failure('update-refused', `the manifest of release ${release} is that of ${manifest.number}`)
  return { manifest, signed }
}

async function need(trusted: Trusted, name: string): Promise<Target> {
  const target = await trusted.find(name)
  if (target === undefined) throw new Failure('update-none', `central offers no ${name}`)
  return target
}

/**
 * Pure: what the box does with what it is offered, at `now` (ms since 1970). Somebody who asks for it (`isWanted`) need not wait for the
 * box's turn or its window, and may have tried again what was taken back; what the makers or the settings hold back stays back.
 */
export function decide({ channel, manifest }: Pick<Offer, 'channel' | 'manifest'>, box: Box, now: number, isWanted = false): Decision {
  if (manifest.number === box.number) return { kind: 'current' }
  if (manifest.number < box.number) return { kind: 'older' }
  if (box.pin !== '' && box.pin !== manifest.version) return { kind: 'pinned' }
  if (channel.paused) return { kind: 'paused' }
  if (box.number < channel.minFrom) return { kind: 'needs-another-first' }
  if (box.isOnTrial) return { kind: 'on-trial' }
  if (isWanted) return { kind: 'now' }
  if (box.tried === manifest.number) return { kind: 'tried' }
  const wave = waveBegins(channel, placeOf(box.device, manifest.number))
  if (now < wave) return { kind: 'before-wave', from: wave }
  const opens = box.window === undefined ? now : windowOpens(box.window, now)
  return opens > now ? { kind: 'before-window', from: opens } : { kind: 'now' }
}
