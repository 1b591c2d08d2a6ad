// A Unix socket that only the agent's own user and group can open (the console of the appliance is in that group).
import { mkdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { Failure } from '../errors.ts'
import { removeIfThere } from '../lib/durable-file.ts'

/** sockaddr_un of Linux has 108 bytes with the final zero (unix(7)). */
const PATH_MAX_BYTES = 107

export interface GroupServer {
  close(): Promise<void>
}

/** Failure 'listen-failed' if the path is too long. */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) > PATH_MAX_BYTES)
    throw new Failure('listen-failed', `${path} is longer than ${PATH_MAX_BYTES} bytes: choose a shorter --root`)
}

/** One that says a byte now and then would hold its place for ever, and all of them together keep others out. */
const LONGEST_MS = 30_000

/**
 * Connections beyond `most` are closed at once; each ends after `idleMs` of silence, and after `longestMs` whatever it does. A socket that is
 * left over from before is replaced.
 */
export async function listenForGroup(
  path: string,
  most: number,
  idleMs: number,
  serve: (socket: Socket) => void,
  longestMs = LONGEST_MS,
): Promise<GroupServer> {
  checkSocketPath(path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  removeIfThere(path)
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    const longest = setTimeout(() => socket.destroy(), longestMs)
    socket.once('close', () => {
      clearTimeout(longest)
      open.delete(socket)
    })
    socket.on('error', () => socket.destroy())
    socket.setTimeout(idleMs, () => socket.destroy())
    serve(socket)
  })
  server.maxConnections = most
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
