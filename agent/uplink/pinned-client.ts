// Requests to central: TLS 1.3, verified against the pinned anchor only, with the device's certificate, directly or
// through a proxy. Answers are bounded in size and time.
import { X509Certificate } from 'node:crypto'
import { checkServerIdentity } from 'node:tls'
import { type CentralAddress, findAnchor, pinOf } from './anchor.ts'
import { asCentralFailure } from './central-failure.ts'
import { Agent, type Dispatcher, ProxyAgent } from './undici.ts'

const ANSWER_MAX_BYTES = 256 * 1024
const CONNECT_MS = 15_000
const ANSWER_MS = 60_000

export interface Answer {
  readonly status: number
  /** Seconds that central asks to wait, or 0. */
  readonly retryAfterSeconds: number
  readonly body: unknown
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

/** Connects only to the holder of a pinned key. `key` is absent only for enrolment; `signal` aborts connecting. */
export async function openCentral(central: CentralAddress, key?: ClientKey, signal?: AbortSignal): Promise<CentralClient> {
  const anchor = await findAnchor(central, signal)
  const { host, origin } = new URL(central.url)
  const tls = {
    ca: [anchor],
    // a pinned server key is an anchor too, though it is not self-signed
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.3' as const,
    checkServerIdentity: (name: string, certificate: Parameters<typeof checkServerIdentity>[1]) => {
      if (!central.pins.includes(pinOf(new X509Certificate(anchor)))) return new Error('the anchor is not pinned')
      return checkServerIdentity(name, certificate)
    },
    ...(key === undefined ? {} : { cert: key.certificate, key: key.privateKey }),
  }
  const limits = {
    connectTimeout: CONNECT_MS,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
    maxResponseSize: ANSWER_MAX_BYTES,
    connections: 1,
  }
  const dispatcher: Dispatcher =
    central.proxy === ''
      ? new Agent({ ...limits, connect: { ...tls, timeout: CONNECT_MS } })
      : new ProxyAgent({ ...limits, uri: central.proxy, requestTls: { ...tls, timeout: CONNECT_MS } })
  return {
    post: async (path, body, signal) => {
      const isBytes = body instanceof Uint8Array
      try {
        const answer = await dispatcher.request({
          method: 'POST',
          origin,
          path,
          headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
          body: isBytes ? body : JSON.stringify(body),
          ...(signal === undefined ? {} : { signal }),
        })
        const text = await answer.body.text()
        return { status: answer.statusCode, retryAfterSeconds: retryAfter(answer.headers['retry-after']), body: parseJson(text) }
      } catch (error) {
        throw asCentralFailure(error, host, central.proxy !== '')
      }
    },
    close: () => dispatcher.destroy(),
  }
}

/** Seconds of a Retry-After header, which may be a date (RFC 9110 section 10.2.3). */
function retryAfter(header: string | string[] | undefined): number {
  if (typeof header !== 'string') return 0
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller's schema reports it
  }
}
