// A running agent tells how it is on a Unix socket that only its own user and group can open (the console of the appliance is
// in that group): one JSON object, then the end.
import { connect } from 'node:net'
import { Failure } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import { checkSocketPath, type GroupServer, listenForGroup } from './group-socket.ts'

const ANSWER_MAX_BYTES = 16 * 1024 * 1024
const DEADLINE_MS = 5000
const CONNECTIONS_MAX = 100

/** Failure 'agent-running' if another agent answers there already. */
export async function serveStatus(path: string, tell: () => object | undefined): Promise<GroupServer> {
  checkSocketPath(path)
  if ((await askStatus(path)) !== undefined) throw new Failure('agent-running', `an agent answers on ${path}`)
  return listenForGroup(path, CONNECTIONS_MAX, DEADLINE_MS, socket => {
    socket.resume() // whatever is asked: the answer is the same
    socket.end(JSON.stringify(tell() ?? { running: true }))
  })
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
