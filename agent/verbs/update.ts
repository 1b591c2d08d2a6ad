// `cyberalarm update --check`: what this box is offered, in plain words.
import { readFileSync } from 'node:fs'
import { Failure } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import type { Paths } from '../paths.ts'
import type { Settings } from '../settings/table.ts'
import { type Box, type Decision, decide, findOffer, type Offer } from '../update/check.ts'
import type { Fetch } from '../update/fetch.ts'
import { readKept } from '../update/on-disk.ts'
import { parseWindow } from '../update/window.ts'
import { readIdentity } from '../uplink/identity.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import { releaseNumber, version } from '../version.ts'
import type { Call } from './command.ts'

export async function checkForUpdate(
  { json, print, signal }: Pick<Call, 'json' | 'print' | 'signal'>,
  paths: Paths,
  settings: Settings,
): Promise<void> {
  const root = readRootFile(paths.updateRoot)
  const notices: string[] = []
  const box: Box = {
    device: readIdentity(paths.identity)?.stored.device,
    version,
    number: releaseNumber,
    channel: settings['update.channel'],
    window: parseWindow(settings['update.window']),
    pin: settings['update.pin'],
  }
  const { 'central.url': url, 'central.pins': pins, 'uplink.proxy': proxy } = settings
  if (url === '' || pins.length === 0) throw new Failure('central-not-set', 'central.url or central.pins is not set')
  const client = await openCentral({ url, pins, proxy }, undefined, signal)
  try {
    const fetch: Fetch = (path, ask) => client.get(`/v1/updates/${path}`, { ...ask, signal: AbortSignal.any([signal, ask.signal]) })
    const options = { fetch, state: paths.updateMetadata, root, notice: (text: string) => notices.push(text) }
    const offer = await findOffer(options, box.channel)
    const decision = decide(offer, box, Date.now())
    print(
      json
        ? JSON.stringify(reportOf(offer, box, decision, notices))
        : [...notices.map(text => `! ${text}`), ...linesOf(offer, box, decision)].join('\n'),
    )
  } finally {
    await client.close()
  }
}

/** `cyberalarm update --check --offline`: versions of what is kept of the metadata, as this release reads them; no settings are needed. */
export async function checkKept({ json, print }: Pick<Call, 'json' | 'print'>, { updateRoot, updateMetadata }: Paths): Promise<void> {
  const versions = await readKept({ state: updateMetadata, root: readRootFile(updateRoot) })
  const lines = Object.entries(versions).map(([role, number]) => `${role} ${number}`)
  print(json ? JSON.stringify(versions) : lines.join('\n'))
}

function readRootFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Failure('update-not-set-up', isErrorWithCode(error, 'ENOENT') ? `there is no ${path}` : `cannot read ${path}`, error)
  }
}

function reportOf(
  { manifest, environment, parts }: Offer,
  { channel, version: running, number }: Box,
  decision: Decision,
  notices: readonly string[],
) {
  return {
    running: { version: running, number },
    channel,
    environment,
    offered: { version: manifest.version, number: manifest.number, bytes: parts.reduce((total, { length }) => total + length, 0) },
    decision: 'from' in decision ? { ...decision, from: new Date(decision.from).toISOString() } : decision,
    notices,
  }
}

function linesOf(offer: Offer, box: Box, decision: Decision): string[] {
  const { version: offered, number } = offer.manifest
  const mib = Math.ceil(offer.parts.reduce((total, { length }) => total + length, 0) / (1024 * 1024))
  return [
    ...(offer.environment === 'development' ? ['! This box takes releases of developers: it must not be used by a member.'] : []),
    `running  ${box.version} (release ${box.number})`,
    `offered  ${offered} (release ${number}) on channel ${box.channel}, signed by the makers, ${mib} MiB`,
    sentenceOf(decision, offer, box),
  ]
}

function sentenceOf(decision: Decision, { manifest, channel }: Offer, box: Box): string {
  switch (decision.kind) {
    case 'current':
      return 'This box runs the release that is offered.'
    case 'older':
      return 'This box runs a newer release than the one that is offered. It does not go back.'
    case 'paused':
      return 'The makers have paused this release. The box waits.'
    case 'pinned':
      return `The box stays with version ${box.pin}, because update.pin says so. It gets no fixes of other versions.`
    case 'needs-another-first':
      return `This release is for boxes from release ${channel.minFrom} on. This box is older: call the helpdesk.`
    case 'before-wave':
      return `It is the turn of this box on ${minuteOf(decision.from)}.${box.device === undefined ? ' A box that is not enrolled comes last.' : ''}`
    case 'before-window':
      return `It is the turn of this box. It waits for its window, which opens on ${minuteOf(decision.from)}.`
    case 'now':
      return `It is the turn of this box: it may change to ${manifest.version} now.`
  }
}

const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' at ')} UTC`
