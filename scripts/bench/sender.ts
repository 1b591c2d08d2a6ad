// The sender of all measurements (sender.c): built once, run as a process of its own, which tells what it really sent.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { rememberProcess } from './unfinished.ts'

const program = join(import.meta.dirname, 'sender.c')
const built = join(import.meta.dirname, '../../build/bench/sender')
const TIMEOUT_MS = 600_000

export interface Plan {
  /** Records (records.ts), sent from the first on and then again. */
  readonly file: string
  readonly count: number
  /** Datagrams a second; 0: as fast as it can. */
  readonly rate: number
  /** 0: that of each record. */
  readonly port: number
  /** Each round of the file comes from other sources. */
  readonly shift?: boolean
  /** How many sources the message that can be changed takes in turn; 0: it is sent as it is. */
  readonly distinct?: number
  /** Where all come from; else each record says it. */
  readonly source?: string
  /** A command that runs it somewhere else: in a network namespace. */
  readonly inside?: readonly string[]
}

export interface Sent {
  readonly sent: number
  readonly seconds: number
}

/** Compiles the sender if it is not there or older than its source. */
export function buildSender(): void {
  mkdirSync(join(built, '..'), { recursive: true })
  if ((statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0) > statSync(program).mtimeMs) return
  const draft = `${built}.${process.pid}`
  execFileSync('cc', ['-O2', '-o', draft, program])
  renameSync(draft, built)
}

export async function send({ file, count, rate, port, shift = false, distinct = 0, source = '0', inside = [] }: Plan): Promise<Sent> {
  const words = [...inside, built, file, count, Math.round(rate), port, shift ? 1 : 0, distinct, source].map(String)
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], timeout: TIMEOUT_MS })
  child.once('close', rememberProcess(child.pid))
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the sender ended with ${code}`)
  return JSON.parse(text) as Sent
}
