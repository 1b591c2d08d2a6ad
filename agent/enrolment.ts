// `cyberalarm enrol`: trades a code for an identity. The running agent takes it up within a second.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { asDiskFailure, Failure } from './errors.ts'
import { readLedger } from './ledger/ledger-files.ts'
import { isErrorWithCode, removeIfThere, writeDurable } from './lib/durable-file.ts'
import { normaliseCode } from './lib/typed-code.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings/table.ts'
import { enrolOnce, type Request } from './uplink/enrol.ts'
import { type Identity, readIdentity, writeIdentity } from './uplink/identity.ts'
import { openCentral } from './uplink/pinned-client.ts'

/**
 * Trades a code for an identity and stores it. A caller that stored `request` before may ask again with it after a lost answer;
 * `before` is called with what will be stored, when the code is spent already.
 */
export async function enrol(
  code: string,
  paths: Paths,
  settings: Settings,
  { request, before }: { readonly request?: Request; readonly before?: (stored: Identity['stored']) => void } = {},
): Promise<Identity> {
  const letters = normaliseCode(code)
  // without the code: it may be a good one with one wrong letter, and this text may end in a log
  if (letters === undefined) throw new Failure('code-wrong', `this is not an enrolment code: ${whatIsWrong(code)}`)
  const central = { url: settings['central.url'], pins: settings['central.pins'], proxy: settings['uplink.proxy'] }
  if (central.url === '' || central.pins.length === 0)
    throw new Failure('central-not-set', `central.url or central.pins is not set in ${paths.settings}`)
  const giveRoom = holdRoom(paths)
  try {
    const client = await openCentral(central)
    try {
      const stored = await enrolOnce(client, letters, deviceBefore(paths), request)
      before?.(stored)
      giveRoom()
      return writeIdentity(paths.identity, stored)
    } finally {
      await client.close()
    }
  } finally {
    giveRoom()
  }
}

/** An identity and its copy have some 2 KiB each, which on most disks take 4. */
const ROOM_BYTES = 8192

/** Before the code is spent and the key from before revoked: where an identity cannot be stored, nothing is asked. Failure of the disk. */
function holdRoom(paths: Paths): () => void {
  const path = `${paths.identity}.room`
  try {
    mkdirSync(paths.data, { recursive: true, mode: 0o700 })
    // not zeros, which some file systems do not store
    writeDurable(path, randomBytes(ROOM_BYTES))
  } catch (error) {
    throw asDiskFailure(error, paths.data)
  }
  return () => removeIfThere(path)
}

function whatIsWrong(code: string): string {
  const { length } = code.replace(/[\s-]/g, '')
  if (length !== 17) return `it has ${length} letters and digits, not 17`
  return 'a letter is mistyped, or its last one, which checks the others'
}

function deviceOfLedger(paths: Paths): string | undefined {
  let device: string | undefined
  try {
    for (const { entry } of readLedger(paths.ledger))
      if (entry.kind === 'begin' || entry.kind === 'enrolled') device = entry.device || device
  } catch (error) {
    // what could be read counts; without any of it central makes a new device of this box
    if (!(error instanceof Failure) && !isErrorWithCode(error, 'ENOENT')) throw error
  }
  return device
}

function deviceBefore(paths: Paths): string | undefined {
  try {
    return readIdentity(paths.identity)?.stored.device
  } catch (error) {
    // a damaged identity is a reason to enrol again, not a reason to refuse it; the ledger knows which device this was
    if (error instanceof Failure && error.code === 'identity-damaged') return deviceOfLedger(paths)
    throw error
  }
}
