// A program that serves in the foreground, in a folder of its own, and is ended by its own process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { rememberProcess } from './unfinished.ts'

const PATIENCE_MS = 10_000

export interface Daemon {
  readonly pid: number
  stop(): Promise<void>
}

/** Starts it and waits until `isReady`. Throws with its output if it ends before. */
export async function startDaemon(args: readonly string[], isReady: () => boolean): Promise<Daemon> {
  const child = spawn(args[0], args.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output = `${output}${chunk}`.slice(-10_000)
  })
  child.stderr.on('data', chunk => {
    output = `${output}${chunk}`.slice(-10_000)
  })
  const closed = once(child, 'close')
  child.once('close', rememberProcess(child.pid))
  const deadline = performance.now() + PATIENCE_MS
  while (!isReady()) {
    if (hasEnded(child)) throw new Error(`${args.join(' ')} ended:\n${output}`)
    if (performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${args.join(' ')} is not ready after ${PATIENCE_MS} ms:\n${output}`)
    }
    await sleep(50)
  }
  return { pid: child.pid ?? 0, stop: () => end(child, closed) }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

async function end(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  if (!hasEnded(child)) child.kill('SIGTERM')
  const hardly = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await closed
  clearTimeout(hardly)
}

/** A UDP port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
