// The only thing on the network: three routes over TLS 1.3. The device is known before a body is read; everything that
// comes in has a size limit and a timeout; every answer is a certificate, a receipt or a row of refusals.ts.
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { type CertificateRecord, findCertificate, fingerprintOf } from '../devices/devices.ts'
import { type EnrolContext, enrol, enrolSchema, renew, renewSchema } from '../devices/enrol.ts'
import { type IngestContext, ingest } from '../ingest/ingest.ts'
import { Refusal, type RefusalCode, refusals } from '../refusals.ts'
import type { ServerKey } from '../trust/keys.ts'
import { RequestsInFlight, requestLimits } from './requests-in-flight.ts'

const BATCH_MAX_BYTES = 4 * 1024 * 1024
const JSON_MAX_BYTES = 16 * 1024
const HEADERS_MAX_BYTES = 8 * 1024
const CONNECTIONS_MAX = 2000
const HANDSHAKE_MS = 10_000
const HEADERS_MS = 10_000
/** 4 MiB over a line of 0.5 Mbit/s takes 67 s. */
const REQUEST_MS = 120_000
const KEEP_ALIVE_MS = 75_000

export type ServerContext = EnrolContext & IngestContext

interface Call {
  readonly body: unknown
  /** Of the other end of the TCP connection. */
  readonly address: string
}

interface OpenRoute {
  readonly access: 'open'
  readonly handle: (context: ServerContext, call: Call) => Promise<object>
}

interface DeviceRoute {
  readonly access: 'device'
  readonly handle: (context: ServerContext, call: Call, peer: CertificateRecord) => Promise<object>
}

type Route = { readonly url: string; readonly maxBytes: number } & (OpenRoute | DeviceRoute)

const routes: readonly Route[] = [
  {
    url: '/v1/enrol',
    maxBytes: JSON_MAX_BYTES,
    access: 'open',
    handle: (context, { body, address }) => enrol(context, parseBody(enrolSchema, body), address),
  },
  {
    url: '/v1/renew',
    maxBytes: JSON_MAX_BYTES,
    access: 'device',
    handle: (context, { body }, peer) => renew(context, parseBody(renewSchema, body), peer),
  },
  {
    url: '/v1/batches',
    maxBytes: BATCH_MAX_BYTES,
    access: 'device',
    handle: (context, { body }, peer) => {
      if (!Buffer.isBuffer(body)) throw new Refusal('body-type-wrong')
      return ingest(context, body, peer)
    },
  },
]

function parseBody<T>(shape: z.ZodType<T>, body: unknown): T {
  const result = shape.safeParse(body)
  if (!result.success) throw new Refusal('body-malformed')
  return result.data
}

export interface ServerOptions {
  readonly context: ServerContext
  readonly serverKey: ServerKey
  /** PEM of the authority whose devices are let in. */
  readonly authority: string
  /** Called with every failure of a request that is central's own fault. */
  readonly report: (error: unknown) => void
}

export function makeServer({ context, serverKey, authority, report }: ServerOptions): FastifyInstance<Server> {
  const server = fastify({
    https: {
      cert: serverKey.chain,
      key: serverKey.key,
      ca: authority,
      minVersion: 'TLSv1.3',
      requestCert: true,
      // a box without a certificate may enrol; every other route asks `authenticate`
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: HEADERS_MS,
    },
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    bodyLimit: JSON_MAX_BYTES,
    forceCloseConnections: 'idle',
    logger: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => answerRefusal(reply, refusalFor(error, report)),
  })
  server.server.maxConnections = CONNECTIONS_MAX
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, server.getDefaultJsonParser('error', 'error'))
  server.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  server.setErrorHandler((error, _request, reply) => answerRefusal(reply, refusalFor(error, report)))
  server.setNotFoundHandler((_request, reply) => answerRefusal(reply, new Refusal('no-such-route')))
  server.addHook('onRequest', async request => {
    if (request.is404) throw new Refusal('no-such-route')
  })
  const inFlight = new RequestsInFlight(requestLimits)
  for (const route of routes) addRoute(server, route, context, inFlight)
  return server
}

function addRoute(server: FastifyInstance<Server>, route: Route, context: ServerContext, inFlight: RequestsInFlight): void {
  const callOf = (request: FastifyRequest): Call => ({ body: request.body, address: request.ip })
  const common = { method: 'POST', url: route.url, bodyLimit: route.maxBytes } as const
  if (route.access === 'open') {
    server.route({ ...common, handler: request => route.handle(context, callOf(request)) })
    return
  }
  const peers = new WeakMap<FastifyRequest, CertificateRecord>()
  server.route({
    ...common,
    onRequest: async (request, reply) => {
      const peer = await authenticate(context, request.raw.socket)
      const leave = inFlight.enter(peer.device)
      if (reply.raw.closed) leave()
      else reply.raw.once('close', leave)
      peers.set(request, peer)
    },
    handler: request => {
      const peer = peers.get(request)
      if (peer === undefined) throw new Refusal('certificate-required')
      return route.handle(context, callOf(request), peer)
    },
  })
}

/** The device behind a connection. The record counts: TLS alone knows nothing of revocation, and a session may outlive its certificate. */
async function authenticate({ store, now }: EnrolContext, socket: Socket): Promise<CertificateRecord> {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (!(socket instanceof TLSSocket) || certificate === undefined) throw new Refusal('certificate-required')
  const isExpired = String(socket.authorizationError) === 'CERT_HAS_EXPIRED'
  if (!socket.authorized && !isExpired) throw new Refusal('certificate-unknown')
  const record = await findCertificate(store, fingerprintOf(certificate.raw))
  if (record === undefined) throw new Refusal('certificate-unknown')
  if (record.revoked) throw new Refusal('certificate-revoked')
  if (isExpired || record.notAfter <= now()) throw new Refusal('certificate-expired')
  return record
}

/** Errors of Fastify and Node.js that the client caused. */
const clientErrors: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_BAD_URL: 'no-such-route',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'body-type-wrong',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body-malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body-malformed',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-too-slow',
}

function refusalFor(error: unknown, report: (error: unknown) => void): Refusal {
  if (error instanceof Refusal) return error
  const known = error instanceof Error && 'code' in error ? clientErrors[String(error.code)] : undefined
  if (known !== undefined) return new Refusal(known)
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 400) return new Refusal('body-malformed')
  report(error)
  return new Refusal('central-failed', { retryAfterSeconds: 30 })
}

function answerRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', String(refusal.retryAfterSeconds))
  // a body that nobody will read is not waited for
  if (!reply.request.raw.complete) reply.header('connection', 'close')
  return reply.code(refusal.status).send(refusal.body)
}

/** What is not HTTP never reaches a route. */
function answerBrokenRequest(error: Error, socket: Socket): void {
  const code = 'code' in error ? (clientErrors[String(error.code)] ?? 'request-malformed') : 'request-malformed'
  const [status, message] = refusals[code]
  const body = JSON.stringify({ code, message })
  const head = `HTTP/1.1 ${status} ${code}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  if (socket.writable) socket.end(`${head}\r\n\r\n${body}`)
  else socket.destroy()
}
