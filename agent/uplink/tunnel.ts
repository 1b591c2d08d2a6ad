// A way to central through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6). The proxy sees where it goes, and nothing else.
import type { Socket } from 'node:net'
import { Failure } from '../errors.ts'
import { deadline } from '../lib/deadline.ts'

/** Until the proxy has answered, whatever it says meanwhile. */
const ANSWER_MS = 15_000

/** `target` is `host:port`. Failure 'proxy-refused' or 'central-unreachable'; errors of the socket as they are. */
export async function tunnel(proxy: string, target: string, signal: AbortSignal): Promise<Socket> {
  // imported only here: this module loads Node.js' own fetch and WebSocket too
  const { request } = await import('node:http')
  const { hostname, port, username, password } = new URL(proxy)
  const name = `${hostname}:${port || 80}`
  const until = deadline(
    ANSWER_MS,
    new Failure('central-unreachable', `the proxy ${name} opened no way to ${target} within ${ANSWER_MS / 1000} s`),
    signal,
  )
  try {
    return await new Promise((resolve, reject) => {
      const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
      const headers = { host: target, ...(username === '' ? {} : { 'proxy-authorization': `Basic ${credentials}` }) }
      const call = request({ method: 'CONNECT', host: hostname, port: Number(port || 80), path: target, headers, signal: until.signal })
      call.once('connect', (answer, socket) => {
        if (answer.statusCode === 200) return resolve(socket)
        socket.destroy()
        reject(new Failure('proxy-refused', `${name} answered ${answer.statusCode} to CONNECT ${target}`))
      })
      call.once('error', reject)
      call.end()
    })
  } finally {
    until.done()
  }
}
