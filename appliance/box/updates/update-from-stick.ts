// `cyberalarm-box update-usb`: copies the file of an update from a USB stick to where the updater takes it. Runs as root, asked for by
// the console; nothing is mounted, and nothing of the file is believed or even looked at here: the updater verifies it.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeIfThere, syncFolder, writeDurable } from '../../../agent/lib/durable-file.ts'
import { ARCHIVE_MAX_BYTES } from '../../../agent/update/archive.ts'
import { StickFault, stickFailure } from '../diagnostics/stick-fault.ts'
import { waitForStick } from '../diagnostics/wait-for-stick.ts'
import { boxPathsBelow } from '../paths.ts'
import { type RunTool, toolsBelow } from '../tools.ts'
import { UPDATE_FILE, UPDATE_REPORT, type UpdateReport } from './update-report.ts'

const WAIT_MS = 60_000
/** An old stick reads a few MiB a second. */
const COPY_MS = 300_000
/** Batches go first. */
const RESERVE_BYTES = 64 * 1024 * 1024

export interface UpdateFromStickOptions {
  readonly root: string
  readonly signal: AbortSignal
  print(text: string): void
  /** How long to wait for a stick. */
  readonly waitMs?: number
}

/** Gives the exit code: 0 if the updater has the file, 1 if not. */
export async function updateFromStick({ root, signal, print, waitMs = WAIT_MS }: UpdateFromStickOptions): Promise<number> {
  const paths = boxPathsBelow(root)
  mkdirSync(paths.reports, { recursive: true, mode: 0o755 })
  const tell = (report: Omit<UpdateReport, 'at'>): void => {
    writeDurable(join(paths.reports, UPDATE_REPORT), JSON.stringify({ at: new Date().toISOString(), ...report }), { mode: 0o644 })
    print(`update from USB stick: ${[report.state, report.text ?? report.failure?.detail].filter(Boolean).join(' ')}`)
  }
  try {
    // gone before anything else: a request that comes while this runs is granted afterwards
    removeIfThere(paths.requestedUpdateUsb)
    tell({ state: 'waiting', text: `Waiting for ${waitMs / 1000} seconds.` })
    const { device } = await waitForStick(root, waitMs, signal, 'read')
    tell({ state: 'reading' })
    await copy(toolsBelow(root), device, paths.carriedUpdate)
    tell({ state: 'done' })
    return 0
  } catch (error) {
    tell({ state: 'failed', failure: stickFailure(error) })
    return 1
  }
}

async function copy(run: RunTool, device: string, to: string): Promise<void> {
  const folder = dirname(to)
  const draft = `${to}.draft`
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  removeIfThere(draft)
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < ARCHIVE_MAX_BYTES + RESERVE_BYTES)
    throw new StickFault('box-full', 'There is too little room on the disk of this box for the file of an update.')
  try {
    // the unit ends it at ARCHIVE_MAX_BYTES (LimitFSIZE=)
    const result = await run('mcopy', ['-i', device, `::${UPDATE_FILE}`, draft], { timeoutMs: COPY_MS })
    if (result.kind === 'absent') throw new StickFault('tool-missing', 'mcopy is missing on this box.')
    if (result.kind === 'failed') throw new StickFault('stick-silent', `The file cannot be read from the stick: ${result.text}.`)
    if (result.code !== 0) throw faultOf(result.error)
    const file = openSync(draft, 'r')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, to)
    syncFolder(folder)
  } finally {
    removeIfThere(draft)
  }
}

/** mtools end with 1 whatever it was. */
function faultOf(output: string): StickFault {
  if (/not found|no match/i.test(output))
    return new StickFault('stick-file-missing', `There is no file ${UPDATE_FILE} in the top folder of the stick.`)
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  return new StickFault('stick-format-wrong', `The stick cannot be read: ${lastLine.slice(0, 200)}`)
}
