// One attempt of the updater: what is offered, is it for this box, then load and hand over. What it finds is left in the state file,
// whatever comes of it. The same for a release from central and for one from a file.
import { asDiskFailure, faultOf } from '../errors.ts'
import { type Box, type Decision, decide, findOffer, type Offer } from './check.ts'
import { handOver, isWaiting, loadParts, sizeOfOffer } from './load.ts'
import type { MetadataOptions } from './metadata.ts'
import { readUpdateState, type UpdateState, writeUpdateState } from './state.ts'
import { sentenceOf } from './words.ts'

export interface AttemptOptions {
  /** That there is no way to central, or no such file, is a result of the attempt. */
  readonly open: () => Promise<MetadataOptions>
  readonly box: Omit<Box, 'tried'>
  /** The updater's own folder, and the file for others in it. */
  readonly folder: string
  readonly state: string
  readonly bytesPerSecond: number
  readonly reserveBytes?: number
  /** Somebody asked for it: see `decide`. */
  readonly isWanted: boolean
  /** False where packages are updated: then it only looks. */
  readonly canInstall: boolean
  /** ms since 1970. */
  readonly now: () => number
  readonly signal: AbortSignal
}

export interface Attempt {
  readonly offer: Offer
  readonly decision: Decision
}

/** A look at central costs it little, and each box little more. */
const USUAL_MS = 50 * 60_000
const TELL_EVERY_MS = 5000

/** Whether a timer that runs often has anything to do. */
export function isDue(state: UpdateState | undefined, now: number): boolean {
  if (state === undefined || state.fault !== undefined || state.loading !== undefined) return true
  const age = now - Date.parse(state.at)
  if (age < 0 || age > USUAL_MS || state.kind === 'now') return true
  return state.from !== undefined && Date.parse(state.from) <= now
}

/** Rejects with a Failure if it could not be learnt what is offered, or not be loaded. */
export async function attempt(options: AttemptOptions): Promise<Attempt> {
  const { box, folder, now, state: path } = options
  const before = readUpdateState(path)
  const isPending = isWaiting(folder)
  const handedOver = unsettled(box, before)
  const known = withTried(options)
  let state: UpdateState = {
    at: iso(now()),
    learntAt: before?.learntAt,
    device: box.device,
    running: { version: box.version, number: box.number },
    handedOver,
  }
  const tell = (more: Partial<UpdateState>) => {
    state = { ...state, ...more }
    try {
      writeUpdateState(path, state)
    } catch (error) {
      throw asDiskFailure(error, path)
    }
  }
  try {
    const metadata = await options.open()
    const offer = await findOffer(metadata, box.channel)
    const { version, number } = offer.manifest
    const describe = (decision: Decision): Partial<UpdateState> => ({
      kind: decision.kind,
      from: 'from' in decision ? iso(decision.from) : undefined,
      text: sentenceOf(decision, offer, known, !options.canInstall),
    })
    const first = isPending ? ({ kind: 'handed-over' } as const) : decide(offer, known, now(), options.isWanted)
    tell({ learntAt: iso(now()), offered: { version, number }, ...describe(first) })
    const decision = options.canInstall ? await carryOut(offer, first, known, { ...options, ...metadata, state: path }, tell) : first
    tell({
      loading: undefined,
      ...describe(decision),
      ...(decision.kind === 'handed-over' && !isPending && { handedOver: { number, at: iso(now()) } }),
    })
    return { offer, decision }
  } catch (error) {
    // the box is switched off, or somebody lost patience: nothing is wrong
    if (options.signal.aborted) throw error
    const { code, detail } = faultOf(error)
    const since = before?.fault?.code === code ? before.fault.since : iso(now())
    try {
      tell({ loading: undefined, fault: { code, detail: detail.slice(0, 500), since } })
    } catch {
      // a disk that takes no state is what failed, or is said besides: the error goes on
    }
    throw error
  }
}

/** What was handed over and is not what runs: it is being judged, or was left again. What the guard has put off it has not tried. */
function unsettled(box: Omit<Box, 'tried'>, before: UpdateState | undefined): UpdateState['handedOver'] {
  const isSettled = before?.handedOver?.number === box.number && box.isOnTrial !== true
  return isSettled || box.isPutOff ? undefined : before?.handedOver
}

/** The box with what it has tried and gone back from. */
export function withTried({ box, folder, state }: Pick<AttemptOptions, 'box' | 'folder' | 'state'>): Box {
  return { ...box, tried: isWaiting(folder) ? undefined : unsettled(box, readUpdateState(state))?.number }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Loads ahead while the box waits for its window, so that it changes as soon as that opens. */
async function carryOut(
  offer: Offer,
  first: Decision,
  box: Box,
  options: AttemptOptions & Pick<MetadataOptions, 'fetch' | 'limits'>,
  tell: (more: Partial<UpdateState>) => void,
): Promise<Decision> {
  if (first.kind !== 'now' && first.kind !== 'before-window') return first
  const { folder, now } = options
  const all = sizeOfOffer(offer)
  let toldAt = Number.NEGATIVE_INFINITY
  await loadParts(offer, folder, {
    ...options,
    progress: done => {
      if (performance.now() - toldAt < TELL_EVERY_MS) return
      toldAt = performance.now()
      tell({ loading: { done, all } })
    },
  })
  // it may have taken until after the window
  const decision = decide(offer, box, now(), options.isWanted)
  if (decision.kind !== 'now') return decision
  handOver(offer, folder)
  return { kind: 'handed-over' }
}
