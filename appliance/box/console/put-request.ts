// Puts what was asked for where a unit of root waits for it: by draft and rename, so that nothing is seen half written.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeDurable } from '../../../agent/lib/durable-file.ts'
import { boxPathsBelow } from '../paths.ts'
import type { Effect } from './flow.ts'

/** '' or why it could not be done. The text of settings may hold the code: it is in no message. */
export function putRequest(root: string, effect: Effect): string {
  const paths = boxPathsBelow(root)
  const [path, text] =
    effect.kind === 'put-settings'
      ? [paths.requestedSettings, effect.text]
      : [
          { diagnostics: paths.requestedDiagnostics, update: paths.requestedUpdate, 'update-usb': paths.requestedUpdateUsb }[effect.what],
          '',
        ]
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeDurable(path, text, { mode: 0o600 })
    return ''
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return `Cannot write to the disk of this box (${code}). Restart this box. If this persists, call the helpdesk.`
  }
}
