// Requests to central: TLS 1.3, verified against the pinned anchor only, with the device's certificate, directly or
// through a proxy. Whoever answers may be hostile, even with central's key: each attempt has one deadline, and all that comes
// back counts towards one limit, whatever it is.
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { Failure } from '../errors.ts'
import { deadline } from '../lib/deadline.ts'
import { secretsOf } from '../lib/redact.ts'
import { type CentralAddress, findAnchor, pinOf, targetOf } from './anchor.ts'
import { asCentralFailure } from './central-failure.ts'
import { tunnel } from './tunnel.ts'
import { buildConnector, Client } from './undici.ts'

export interface Limits {
  /** To reach the server and look at its certificate. */
  readonly openMs: number
  /** From a request to the end of its answer, with a new connection if need be, beside the time to send it. */
  readonly answerMs: number
  /** Of an answer with everything before and around it: interim answers, headers, chunks. */
  readonly answerBytes: number
}
const usualLimits: Limits = { openMs: 30_000, answerMs: 60_000, answerBytes: 64 * 1024 }
/** A line of 64 kbit/s may take as long as it needs for what is sent, a full batch of some 200 kB, or for a file that is got. */
const LINE_BYTES_PER_MS = 8
/** A batch may be a minute apart from the next. Shorter than central's time, so that no request meets a connection that is being closed. */
const IDLE_MS = 170_000
const HEADERS_MAX_BYTES = 16 * 1024

export interface Answer {
  readonly status: number
  /** Seconds that central asks to wait, or 0. */
  readonly retryAfterSeconds: number
  readonly body: unknown
  /** The answer as it came. */
  readonly bytes?: Uint8Array | undefined
  /** Our clock less central's, in ms, as far as it is certain: its answer states whole seconds, and takes time. Undefined if it states none. */
  readonly clockErrorMs?: number | undefined
}

export interface GetOptions {
  /** Bytes that are there already; what follows is asked for if the file still has this ETag (RFC 9110 section 13.1.5). */
  readonly from?: number
  readonly etag?: string
  /** The answer may not be longer. */
  readonly mostBytes: number
  readonly signal?: AbortSignal
}

export interface Download {
  readonly status: number
  /** '' if the server names none. */
  readonly etag: string
  readonly stream: AsyncIterable<Uint8Array>
  /** Ends the connection; to be called whether the stream was read or not. */
  close(): void
}

export interface ClientKey {
  readonly certificate: string
  readonly privateKey: string
}

export interface CentralClient {
  /** Posts and gives the parsed JSON answer of any status. Failure with a code about central if there was no answer. */
  post(path: string, body: Uint8Array | object, signal?: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

export interface PinnedClient extends CentralClient {
  /** Gets a file on a connection of its own, of which nothing is left when it is closed. Failure as for `post`, also from the stream. */
  get(path: string, options: GetOptions): Promise<Download>
}

/** Connects only to the holder of a pinned key. `key` is absent only for enrolment; `signal` aborts connecting. */
export async function openCentral(
  central: CentralAddress,
  key?: ClientKey,
  signal?: AbortSignal,
  limits = usualLimits,
): Promise<PinnedClient> {
  const url = new URL(central.url)
  const { host, origin } = url
  const late = (what: string, ms: number) => new Failure('central-unreachable', `${host} ${what} within ${Math.ceil(ms / 1000)} s`)
  const opening = deadline(limits.openMs, late('could not be reached and looked at', limits.openMs), signal)
  const anchor = await findAnchor(central, opening.signal).finally(() => opening.done())
  const overTls = buildConnector({
    ca: [anchor],
    // a pinned server key is an anchor too, though it is not self-signed
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (name: string, certificate: Parameters<typeof checkServerIdentity>[1]) => {
      if (!central.pins.includes(pinOf(new X509Certificate(anchor)))) return new Error('the anchor is not pinned')
      return checkServerIdentity(name, certificate)
    },
    timeout: limits.openMs,
    // HTTP/1.1 only: the server would choose, and HTTP/2 has more that it could send
    allowH2: false,
    ...(key === undefined ? {} : { cert: key.certificate, key: key.privateKey }),
  })
  const closing = new AbortController()
  const makeClient = (meter: Meter, most: number) =>
    new Client(origin, {
      connect: (options, callback) => {
        const made: buildConnector.Callback = (...outcome) => {
          if (outcome[0] === null) meter.watch(outcome[1])
          callback(...outcome)
        }
        if (central.proxy === '') return overTls(options, made)
        tunnel(central.proxy, targetOf(url), closing.signal).then(
          httpSocket => overTls({ ...options, httpSocket }, made),
          (error: Error) => callback(error, null),
        )
      },
      // the deadline is for all of it; these are for each part, and only have to be no shorter
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: HEADERS_MAX_BYTES,
      maxResponseSize: most,
    })
  const meter = new Meter(host, limits.answerBytes)
  const client = makeClient(meter, limits.answerBytes)
  return {
    post: async (path, body, signal) => {
      const isBytes = body instanceof Uint8Array
      const sent = isBytes ? body : Buffer.from(JSON.stringify(body))
      const ms = limits.answerMs + sent.length / LINE_BYTES_PER_MS
      const until = deadline(ms, late('gave no whole answer', ms), signal)
      meter.begin()
      const askedAt = Date.now()
      try {
        const answer = await client.request({
          method: 'POST',
          path,
          headers: typeOf(path, isBytes),
          body: sent,
          signal: until.signal,
        })
        const clockErrorMs = clockError(answer.headers.date, askedAt, Date.now())
        const bytes = new Uint8Array(await answer.body.arrayBuffer())
        const retryAfterSeconds = retryAfter(answer.headers['retry-after'])
        return { status: answer.statusCode, retryAfterSeconds, body: parseJson(bytes), bytes, clockErrorMs }
      } catch (error) {
        throw asCentralFailure(error, host, secretsOf(central.proxy))
      } finally {
        until.done()
      }
    },
    get: async (path, { from = 0, etag = '', mostBytes, signal }) => {
      const ms = limits.answerMs + mostBytes / LINE_BYTES_PER_MS
      const until = deadline(ms, late('gave no whole file', ms), AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]))
      // chunks may have their lengths around them
      const own = makeClient(new Meter(host, mostBytes * 2 + limits.answerBytes), mostBytes)
      const close = () => {
        until.done()
        void own.destroy()
      }
      const failed = (error: unknown) => asCentralFailure(error, host, secretsOf(central.proxy))
      try {
        const headers = from > 0 && etag !== '' ? { range: `bytes=${from}-`, 'if-range': etag } : {}
        const answer = await own.request({ method: 'GET', path, headers, signal: until.signal })
        // whoever reads the stream is told by it; nobody else has to be
        answer.body.on('error', () => undefined)
        const { etag: found } = answer.headers
        return {
          status: answer.statusCode,
          etag: typeof found === 'string' ? found : '',
          stream: readBody(answer.body, failed),
          close,
        }
      } catch (error) {
        close()
        throw failed(error)
      }
    },
    close: () => {
      closing.abort()
      return client.destroy()
    },
  }
}

async function* readBody(body: AsyncIterable<Uint8Array>, failed: (error: unknown) => Failure): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw failed(error)
  }
}

/** undici bounds headers and body apart, and counts neither interim answers nor what is around chunks: here every byte counts. */
class Meter {
  private readonly host: string
  private readonly most: number
  private socket: Socket | undefined
  private allowed: number

  constructor(host: string, most: number) {
    this.host = host
    this.most = this.allowed = most
  }

  /** From here on another answer may come. */
  begin(): void {
    this.allowed = (this.socket?.bytesRead ?? 0) + this.most
  }

  watch(socket: Socket): void {
    this.socket = socket
    this.allowed = socket.bytesRead + this.most
    socket.on('readable', () => {
      if (socket.bytesRead > this.allowed)
        socket.destroy(new Failure('central-unreachable', `the answer of ${this.host} is over the size limit of ${this.most} bytes`))
    })
  }
}

/** What a Date header (RFC 9110 section 6.6.1), which leaves the part of the second out, says for certain of our clock. */
export function clockError(header: string | string[] | undefined, askedAt: number, answeredAt: number): number | undefined {
  const stated = typeof header === 'string' ? Date.parse(header) : Number.NaN
  if (Number.isNaN(stated)) return undefined
  if (askedAt > stated + 1000) return askedAt - stated - 1000
  return answeredAt < stated ? answeredAt - stated : 0
}

/** Seconds of a Retry-After header, which may be a date (RFC 9110 section 10.2.3). */
function retryAfter(header: string | string[] | undefined): number {
  if (typeof header !== 'string') return 0
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}

/** From version 2 on central takes bytes for what they are. */
function typeOf(path: string, isBytes: boolean): Record<string, string> {
  if (!isBytes) return { 'content-type': 'application/json' }
  return path.startsWith('/v1/') ? { 'content-type': 'application/octet-stream' } : {}
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined // the caller's schema reports it
  }
}
