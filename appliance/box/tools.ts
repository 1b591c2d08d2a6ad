// Runs programs of the base system. Each is bounded in time and in what it may print, and is ended with all its children when
// it is slow; that there is no such program is an answer, not an error. With another root, programs come from there alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { isErrorWithCode } from '../../agent/lib/durable-file.ts'

export type ToolResult =
  | { readonly kind: 'done'; readonly code: number; readonly out: Buffer; readonly error: string }
  | { readonly kind: 'absent' }
  /** Ended by us, or by a signal. */
  | { readonly kind: 'failed'; readonly text: string }

export interface ToolOptions {
  readonly maxBytes?: number
  readonly timeoutMs?: number
}

export type RunTool = (name: string, words: readonly string[], options?: ToolOptions) => Promise<ToolResult>

const TIMEOUT_MS = 20_000
const MAX_BYTES = 64 * 1024
const ERROR_MAX_CHARACTERS = 2000

/** Programs below `root`, with nothing of our own environment. */
export function toolsBelow(root: string): RunTool {
  const env = {
    PATH: [join(root, 'usr/sbin'), join(root, 'usr/bin')].join(':'),
    LC_ALL: 'C',
    // mtools(1): no settings of the machine, and no questions about geometry, which means nothing on a partition
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
  }
  return (name, words, { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS } = {}) =>
    new Promise(resolve => {
      const child = spawn(name, words, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
      const chunks: Buffer[] = []
      let bytes = 0
      let error = ''
      let ended = ''
      const end = (why: string) => {
        if (ended === '') ended = why
        killGroup(child)
      }
      const timer = setTimeout(() => end(`did not end in ${timeoutMs / 1000} s`), timeoutMs)
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) end(`printed more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        error = (error + text).slice(0, ERROR_MAX_CHARACTERS)
      })
      child.once('error', cause => {
        clearTimeout(timer)
        resolve(isErrorWithCode(cause, 'ENOENT') ? { kind: 'absent' } : { kind: 'failed', text: `${name}: ${cause.message}` })
      })
      child.once('close', (code, signal) => {
        clearTimeout(timer)
        if (ended !== '' || code === null) resolve({ kind: 'failed', text: `${name} ${ended || `was ended by ${signal}`}` })
        else resolve({ kind: 'done', code, out: Buffer.concat(chunks), error: error.trim() })
      })
    })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (!isErrorWithCode(error, 'ESRCH')) throw error
  }
}
