// `cyberalarm update`: what this box is offered, in plain words; and, on an appliance, loading it and handing it to the guard, which
// alone changes the release. The same code runs from the timer, for a person, and for a file on a USB stick.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { Failure } from '../errors.ts'
import { statusSchema } from '../health/status-schema.ts'
import { askStatus } from '../health/status-socket.ts'
import { isErrorWithCode, readIfPossible } from '../lib/durable-file.ts'
import type { Paths } from '../paths.ts'
import type { Settings } from '../settings/table.ts'
import { openArchive } from '../update/archive.ts'
import { attempt, isDue, withTried } from '../update/attempt.ts'
import { type Box, type Decision, decide, findOffer, type Offer } from '../update/check.ts'
import type { Fetch } from '../update/fetch.ts'
import { sizeOfOffer } from '../update/load.ts'
import { readKept } from '../update/on-disk.ts'
import { onlyOne } from '../update/only-one.ts'
import { readReleaseReport, readUpdateState } from '../update/state.ts'
import { parseWindow } from '../update/window.ts'
import { sentenceOf } from '../update/words.ts'
import { readIdentity } from '../uplink/identity.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import { releaseNumber, version } from '../version.ts'
import type { Call } from './command.ts'

type Words = Pick<Call, 'json' | 'print' | 'signal'>

export interface UpdateOptions {
  /** Only look. */
  readonly isCheck: boolean
  /** Now, not when it is the turn of this box. */
  readonly isNow: boolean
  /** An offline file in place of central. */
  readonly from: string | undefined
  /** Nothing, if it was looked within the hour and nothing is due. */
  readonly isIfDue: boolean
}

/** Failure with a code that begins with update-, or about central or the disk. */
export async function update(call: Words, paths: Paths, settings: Settings, options: UpdateOptions): Promise<void> {
  const canInstall = statSync(paths.updateSwitch, { throwIfNoEntry: false }) !== undefined
  if ((options.isNow || options.from !== undefined) && !canInstall && !options.isCheck)
    throw new Failure('update-by-package', 'this machine is no appliance: its packages are updated by apt or dnf')
  if (options.isIfDue && !isDue(readUpdateState(paths.updateState), Date.now())) return
  const unlock = onlyOne(paths.updateLock)
  try {
    await updateAlone(call, paths, settings, options, canInstall)
  } finally {
    unlock()
  }
}

async function updateAlone(call: Words, paths: Paths, settings: Settings, options: UpdateOptions, canInstall: boolean): Promise<void> {
  const isWanted = options.isNow || options.from !== undefined
  const notices: string[] = []
  const box = await boxOf(paths, settings)
  const root = readRootFile(paths.updateRoot)
  let source: Source | undefined
  const open = async () => {
    source = await openSource(options.from, settings, call.signal)
    return { fetch: source.fetch, state: paths.updateMetadata, root, notice: (text: string) => notices.push(text) }
  }
  const { offer, decision } = await (options.isCheck
    ? look(await open(), withTried({ box, folder: paths.updates, state: paths.updateState }), isWanted)
    : attempt({
        open,
        box,
        folder: paths.updates,
        state: paths.updateState,
        // a file is on the disk already
        bytesPerSecond: options.from === undefined ? settings['update.rateKiB'] * 1024 : Number.POSITIVE_INFINITY,
        isWanted,
        canInstall,
        now: Date.now,
        signal: call.signal,
      })
  ).finally(() => source?.close())
  const sentence = sentenceOf(decision, offer, box, !canInstall)
  call.print(
    call.json
      ? JSON.stringify(reportOf(offer, box, decision, notices))
      : [...notices.map(text => `! ${text}`), ...linesOf(offer, box, sentence)].join('\n'),
  )
}

async function look(metadata: Parameters<typeof findOffer>[0], box: Box, isWanted: boolean) {
  const offer = await findOffer(metadata, box.channel)
  return { offer, decision: decide(offer, box, Date.now(), isWanted) }
}

interface Source {
  readonly fetch: Fetch
  close(): Promise<void>
}

async function openSource(file: string | undefined, settings: Settings, signal: AbortSignal): Promise<Source> {
  if (file !== undefined) {
    const archive = openArchive(file)
    return { fetch: archive.fetch, close: async () => archive.close() }
  }
  const { 'central.url': url, 'central.pins': pins, 'uplink.proxy': proxy } = settings
  if (url === '' || pins.length === 0) throw new Failure('central-not-set', 'central.url or central.pins is not set')
  const client = await openCentral({ url, pins, proxy }, undefined, signal)
  return {
    fetch: (path, ask) => client.get(`/v1/updates/${path}`, { ...ask, signal: AbortSignal.any([signal, ask.signal]) }),
    close: () => client.close(),
  }
}

async function boxOf(paths: Paths, settings: Settings): Promise<Box> {
  const guard = readReleaseReport(paths.releaseReport)?.state
  return {
    device: await deviceOf(paths),
    ...runningRelease(paths.currentRelease),
    channel: settings['update.channel'],
    window: parseWindow(settings['update.window']),
    pin: settings['update.pin'],
    isOnTrial: guard === 'trial',
    isPutOff: guard === 'waiting',
  }
}

/** The updater may not read the identity, with its key: the agent tells the name, and what it told last stands if it cannot. */
async function deviceOf(paths: Paths): Promise<string | undefined> {
  const status = await askStatus(paths.statusSocket).catch(() => undefined) // an agent that is broken is what updates are for
  const told = statusSchema.pick({ device: true }).safeParse(status).data
  if (told !== undefined) return told.device ?? undefined
  try {
    const found = readIdentity(paths.identity)
    if (found !== undefined) return found.stored.device
  } catch {
    // not ours to read, or damaged: see above
  }
  return readUpdateState(paths.updateState)?.device
}

const releaseSchema = z.object({ version: z.string().max(40), release: z.int().nonnegative() })

/** What runs on the box: this code may be the updater that came with the system, and the agent a newer release. */
function runningRelease(current: string): Pick<Box, 'version' | 'number'> {
  const bytes = readIfPossible(join(current, 'agent/lib/package.json'), 16 * 1024)
  const own = { version, number: releaseNumber }
  if (bytes === undefined) return own
  const { data } = releaseSchema.safeParse(JSON.parse(bytes.toString()))
  return data === undefined ? own : { version: data.version, number: data.release }
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

function reportOf(offer: Offer, { channel, version: running, number }: Box, decision: Decision, notices: readonly string[]) {
  const { manifest, environment } = offer
  return {
    running: { version: running, number },
    channel,
    environment,
    offered: { version: manifest.version, number: manifest.number, bytes: sizeOfOffer(offer) },
    decision: 'from' in decision ? { ...decision, from: new Date(decision.from).toISOString() } : decision,
    notices,
  }
}

function linesOf(offer: Offer, box: Box, sentence: string): string[] {
  const { version: offered, number } = offer.manifest
  const mib = Math.ceil(sizeOfOffer(offer) / (1024 * 1024))
  return [
    ...(offer.environment === 'development' ? ['! This box takes releases of developers: it must not be used by a member.'] : []),
    `running  ${box.version} (release ${box.number})`,
    `offered  ${offered} (release ${number}) on channel ${box.channel}, signed by the makers, ${mib} MiB`,
    sentence,
  ]
}
