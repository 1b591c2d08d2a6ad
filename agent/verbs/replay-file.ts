// `cyberalarm replay FILE`: reads its arguments, and shows progress on a terminal.
import { statSync } from 'node:fs'
import { Failure } from '../errors.ts'
import { Action, actionNames } from '../event.ts'
import { bytesText, grouped } from '../lib/table.ts'
import type { Settings } from '../settings/table.ts'
import { openCapture } from '../sources/capture/pcap-input.ts'
import type { Call } from './command.ts'
import { replay } from './replay.ts'

const PROGRESS_MS = 500
const CLEAR_LINE = '\r\u001b[K'

export interface ReplayOptions {
  readonly summary: boolean
  readonly pace: boolean
  readonly action: string | undefined
}

/** Gives the exit code. A path of - is standard input. */
export async function replayFile(call: Call, path: string, options: ReplayOptions, settings: Settings): Promise<number> {
  const action = actionNumber(options.action)
  const isInput = path === '-'
  const input = isInput ? process.stdin : openCapture(path)
  const summaryOnly = options.summary
  const isWatched = process.stderr.isTTY && (summaryOnly || !process.stdout.isTTY)
  const total = isInput ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  let shown = performance.now()
  const clear = () => isWatched && process.stderr.write(CLEAR_LINE)
  try {
    return await replay({
      input,
      name: isInput ? 'standard input' : path,
      settings,
      action,
      json: call.json,
      summaryOnly,
      atPace: options.pace,
      signal: call.signal,
      print: text => {
        clear()
        call.print(text)
      },
      drained: () => outputDrained(call.signal),
      progress: packets => {
        if (!isWatched || performance.now() - shown < PROGRESS_MS) return
        shown = performance.now()
        const read = 'bytesRead' in input ? Number(input.bytesRead) : 0
        const part = total > 0 ? `, ${bytesText(read)} of ${bytesText(total)}` : ''
        process.stderr.write(`${CLEAR_LINE}${grouped(packets)} packets${part}`)
      },
    })
  } finally {
    clear()
  }
}

/** Resolves when standard output is written, or when the signal is aborted: nobody may be reading. */
const outputDrained = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
    else process.stdout.write('', done)
  })

function actionNumber(name: string | undefined): number {
  if (name === undefined) return Action.other
  const number = actionNames.map(String).indexOf(name)
  if (number < 0) throw new Failure('argument-wrong', `there is no action '${name}'; there are ${actionNames.join(', ')}`)
  return number
}
