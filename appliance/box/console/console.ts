// The console on the screen of the box. It shows how the box is, and lets a person in front of it set it up; it reads what it
// is allowed to read, writes two files, starts no program, and ends only when it is told to or loses its terminal.
import { setTimeout as sleep } from 'node:timers/promises'
import { readMember } from '../settings/box-settings.ts'
import type { Facts } from './facts.ts'
import { afterIdle, type Effect, overview, type Page, press } from './flow.ts'
import { ESCAPE_MS, type Key, KeyReader } from './keys.ts'
import { listSize } from './overview-view.ts'
import { putRequest } from './put-request.ts'
import { readFacts } from './read-facts.ts'
import { Painter } from './screen.ts'
import { type Input, type Output, sizeOf, takeTerminal } from './terminal.ts'
import { view } from './view.ts'

const SECOND_MS = 1000
/** Messages of the kernel may stand on the screen: it is written anew this often. */
const REPAINT_MS = 30_000
/** A terminal that takes nothing (a screen stopped with Ctrl-S, a serial line) is not sent more. */
const UNSENT_MAX_BYTES = 256 * 1024

export interface ConsoleOptions {
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly input: Input
  readonly output: Output
}

const check = (text: string) => readMember(text, 'console').faults

/** Until the signal is aborted or the terminal is gone. */
export async function runConsole({ root, environment, signal, input, output }: ConsoleOptions): Promise<number> {
  const painter = new Painter()
  const keys = new KeyReader()
  const gone = new AbortController()
  const over = AbortSignal.any([signal, gone.signal])
  let known = await readFacts(root)
  let page: Page = overview
  let lastKeyAt = performance.now()
  let paintedWholeAt = performance.now()
  let isPaintDue = false
  let escapeTimer: NodeJS.Timeout | undefined

  const facts = (): Facts => ({ ...known, now: Date.now() })

  function paint(): void {
    isPaintDue = false
    if (over.aborted || ('writableLength' in output && Number(output.writableLength) > UNSENT_MAX_BYTES)) return
    const now = performance.now()
    if (now - paintedWholeAt > REPAINT_MS) {
      painter.forget()
      paintedWholeAt = now
    }
    const size = sizeOf(output)
    const bytes = painter.paint(view(page, facts(), size), size)
    if (bytes !== '') output.write(bytes)
  }

  /** Once for a whole burst of keys. */
  function paintSoon(): void {
    if (isPaintDue) return
    isPaintDue = true
    setImmediate(paint)
  }

  function take(list: readonly Key[]): void {
    for (const key of list) {
      if (key.kind === 'redraw') painter.forget()
      const now = facts()
      const step = press(page, key, now, check, listSize(now, sizeOf(output)))
      page = step.page
      if (step.effect !== undefined) perform(step.effect)
    }
    lastKeyAt = performance.now()
    paintSoon()
  }

  function perform(effect: Effect): void {
    const fault = putRequest(root, effect)
    if (effect.kind === 'put-settings') known = { ...known, isRequested: true }
    if (fault !== '' && (page.kind === 'outcome' || page.kind === 'diagnostics' || page.kind === 'update')) page = { ...page, fault }
  }

  const onData = (bytes: Buffer | string) => {
    clearTimeout(escapeTimer)
    take(keys.feed(Buffer.from(bytes)))
    if (keys.isWaiting) escapeTimer = setTimeout(() => take(keys.flush()), ESCAPE_MS)
  }
  const onGone = () => gone.abort()
  const onResize = () => {
    painter.forget()
    paintSoon()
  }

  const giveBack = takeTerminal(input, output, environment.TERM === 'linux')
  input.on('data', onData).once('end', onGone).once('close', onGone).on('error', onGone)
  output.on('error', onGone).on('resize', onResize)
  try {
    while (!over.aborted) {
      paint()
      await sleep(SECOND_MS - (Date.now() % SECOND_MS), undefined, { signal: over }).catch(() => undefined)
      page = afterIdle(page, performance.now() - lastKeyAt)
      known = await readFacts(root)
    }
  } finally {
    clearTimeout(escapeTimer)
    input.off('data', onData)
    giveBack()
  }
  return 0
}
