// A running agent tells how it is on a Unix socket that only its own user and group can open (the console of the appliance is
// in that group): one JSON object, then the end.
import { mkdirSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { Failure } from '../errors.ts'
import { isErrorWithCode, removeIfThere } from '../lib/durable-file.ts'

const ANSWER_MAX_BYTES = 16 * 1024 * 1024
const DEADLINE_MS = 5000
/** sockaddr_un of Linux has 108 bytes with the final zero (unix(7)). */
const PATH_MAX_BYTES = 107

export interface StatusServer {
  close(): Promise<void>
}

/** Failure 'agent-running' if another agent answers there already. */
export async function serveStatus(path: string, tell: () => object | undefined): Promise<StatusServer> {
  if (Buffer.byteLength(path) > PATH_MAX_BYTES)
    throw new Failure('listen-failed', `${path} is longer than ${PATH_MAX_BYTES} bytes: choose a shorter --root`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if ((await askStatus(path)) !== undefined) throw new Failure('agent-running', `an agent answers on ${path}`)
  removeIfThere(path)
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(DEADLINE_MS, () => socket.destroy())
    socket.resume() // whatever is asked: the answer is the same
    socket.end(JSON.stringify(tell() ?? { running: true }))
  })
  const before = process.umask(0o117)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
  return {
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** What the running agent says, or undefined if none runs. */
export function askStatus(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const chunks: Buffer[] = []
    let length = 0
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`the agent does not answer on ${path}`)))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > ANSWER_MAX_BYTES) socket.destroy(new Error('the answer is too long'))
    })
    socket.once('error', error => (isErrorWithCode(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR') ? resolve(undefined) : reject(error)))
    socket.once('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()))
      } catch (error) {
        reject(error) // an agent that ended in the middle of its answer
      }
    })
  })
}
