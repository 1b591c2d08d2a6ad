// `GET /metrics` over HTTP on a Unix socket that only the agent's user and group can open. One answer a connection; whoever asks for
// anything else, or says more than a few lines, is told so and cut off. No port is opened for it.
import { connect, type Socket } from 'node:net'
import { type GroupServer, listenForGroup } from './group-socket.ts'
import { metricsText } from './metrics.ts'
import type { Status } from './status-schema.ts'

const REQUEST_MAX_BYTES = 8192
const DEADLINE_MS = 5000
const CONNECTIONS_MAX = 16
const TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`

/** Undefined while the head of the request is not whole (RFC 9112 section 2.1). */
export function answerTo(request: string, tell: () => string): string | undefined {
  if (request.length > REQUEST_MAX_BYTES) return answer('431 Request Header Fields Too Large', 'too long\n')
  if (!request.includes('\r\n\r\n')) return undefined
  const [, method, target] = /^([A-Z]{1,16}) (\S{1,256}) HTTP\/1\.[01]\r\n/.exec(request) ?? []
  if (method === undefined) return answer('400 Bad Request', 'not HTTP\n')
  if (target.split('?')[0] !== '/metrics') return answer('404 Not Found', 'only /metrics is here\n')
  return method === 'GET' ? answer('200 OK', tell()) : answer('405 Method Not Allowed', 'only GET\n')
}

export function serveMetrics(path: string, status: () => Status): Promise<GroupServer> {
  return listenForGroup(path, CONNECTIONS_MAX, DEADLINE_MS, socket => {
    let request = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      if (request.length > REQUEST_MAX_BYTES) return
      request += text
      const answered = answerTo(request, () => metricsText(status()))
      if (answered === undefined) return
      request = ' '.repeat(REQUEST_MAX_BYTES + 1)
      socket.end(answered)
    })
  })
}

/** For tests and for people: what a scrape gets. */
export function scrape(path: string, request = 'GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path, () => socket.write(request))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.once('error', reject)
    socket.once('close', () => resolve(text))
  })
}
