// `cyberalarm-box diagnostics`: waits for a USB stick, puts one redacted file on it, reads it back, and tells at each step how far
// it is. Runs as root, asked for by the console; nothing is mounted and nothing on the stick is read but by mtools.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeIfThere, writeDurable } from '../../../agent/lib/durable-file.ts'
import { boxPathsBelow } from '../paths.ts'
import { toolsBelow } from '../tools.ts'
import { namesOfBox, secretsOfBox } from './diagnostics-names.ts'
import { Redactor } from './diagnostics-redact.ts'
import { DIAGNOSTICS_REPORT, type DiagnosticsReport } from './diagnostics-report.ts'
import { collectSections } from './diagnostics-sections.ts'
import { StickFault, stickFailure } from './stick-fault.ts'
import { verifyOnStick, writeToStick } from './usb-write.ts'
import { waitForStick } from './wait-for-stick.ts'

const WAIT_MS = 60_000
const FILE_MAX_BYTES = 4 * 1024 * 1024

export interface DiagnosticsOptions {
  readonly root: string
  readonly signal: AbortSignal
  print(text: string): void
  /** How long to wait for a stick. */
  readonly waitMs?: number
}

/** Gives the exit code: 0 written and read back, 1 not. */
export async function runDiagnostics(options: DiagnosticsOptions): Promise<number> {
  const { root, signal, print } = options
  const paths = boxPathsBelow(root)
  mkdirSync(paths.reports, { recursive: true, mode: 0o755 })
  const tell = (report: Omit<DiagnosticsReport, 'at'>): void => {
    writeDurable(join(paths.reports, DIAGNOSTICS_REPORT), JSON.stringify({ at: new Date().toISOString(), ...report }), { mode: 0o644 })
    print(`diagnostics: ${[report.state, report.file, report.text ?? report.failure?.detail].filter(Boolean).join(' ')}`)
  }
  try {
    // gone before anything else: a request that comes while this runs is granted afterwards
    removeIfThere(paths.requestedDiagnostics)
    tell({ state: 'waiting', text: `Waiting for ${(options.waitMs ?? WAIT_MS) / 1000} seconds.` })
    const volume = await waitForStick(root, options.waitMs ?? WAIT_MS, signal, 'write')
    tell({ state: 'writing' })
    const now = Date.now()
    const name = `cyberalarm-diagnostics-${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.json`
    const run = toolsBelow(root)
    const found = await collectSections({ root, redactor: new Redactor(namesOfBox(root), secretsOfBox(root)), run, now })
    const bytes = Buffer.from(`${JSON.stringify({ format: 1, at: new Date(now).toISOString(), ...found }, null, 2)}\n`)
    if (bytes.length > FILE_MAX_BYTES)
      throw new StickFault('diagnostics-too-long', `The diagnostics are ${bytes.length} bytes long; ${FILE_MAX_BYTES} are allowed.`)
    await writeToStick(run, volume.device, name, bytes, paths.reports)
    tell({ state: 'verifying', file: name })
    await verifyOnStick(run, volume.device, name, bytes)
    tell({ state: 'done', file: name, bytes: bytes.length })
    return 0
  } catch (error) {
    tell({ state: 'failed', failure: stickFailure(error) })
    return 1
  }
}
