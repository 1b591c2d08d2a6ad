// The only thing on the network: four routes and the files of updates over TLS 1.3. The device is known before a body is read; everything that
// comes in has a size limit and a timeout; every answer is a certificate, a receipt or a row of refusals.ts.
import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:https'
import { setImmediate } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { encodeReceipt } from '../../agent/batch/receipt.ts'
import { REPORT_TAKEN_BYTES } from '../../agent/health/report/wire.ts'
import type { CertificateRecord } from '../devices/devices.ts'
import { type EnrolContext, enrol, enrolSchema, renew, renewSchema } from '../devices/enrol.ts'
import type { BoxHealth } from '../devices/health.ts'
import { type IngestContext, ingest } from '../ingest/ingest.ts'
import { networkOf } from '../limits/network.ts'
import type { Place, Places } from '../limits/places.ts'
import { Refusal } from '../refusals.ts'
import type { ServerKey } from '../trust/keys.ts'
import { answerShort } from './answer-short.ts'
import { authenticate } from './authenticate.ts'
import { gaveWay, readBody } from './body.ts'
import { type ConnectionGuard, guardConnections, onAnswered } from './guard-connections.ts'
import { ServerLimits } from './limits.ts'
import { answerBrokenRequest, answerRefusal, refusalFor } from './refuse.ts'
import { addUpdates } from './updates.ts'

const BATCH_MAX_BYTES = 4 * 1024 * 1024
const JSON_MAX_BYTES = 16 * 1024
const HEADERS_MAX_BYTES = 8 * 1024
const HANDSHAKE_MS = 10_000
const HEADERS_MS = 10_000
/** 4 MiB over a line of 0.5 Mbit/s takes 67 s. */
const REQUEST_MS = 120_000
/** How often the times above are looked at. */
const CHECK_MS = 5000
/** A box whose events may wait sends a batch a minute. */
const KEEP_ALIVE_MS = 180_000
const SCARCE_SECONDS = 600
const CLOSING_MS = 50

/** Batches whose receipts and headers are short. */
const SHORT_BATCHES = '/v2/batches'

export type ServerContext = EnrolContext & IngestContext & { readonly health: BoxHealth }

interface Call {
  readonly body: unknown
  /** Of the other end of the TCP connection. */
  readonly address: string
}

/** Undefined is answered with 204: there is nothing to say. */
type Answered = object | undefined

interface OpenRoute {
  readonly access: 'open'
  readonly handle: (context: ServerContext, call: Call) => Promise<object>
}

interface DeviceRoute {
  readonly access: 'device'
  readonly handle: (context: ServerContext, call: Call, peer: CertificateRecord) => Promise<Answered>
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
      // a box that knows the second version goes on with that; one of before passes over it
      return ingest(context, body, peer).then(receipt => ({ ...receipt, version: 2 }))
    },
  },
  {
    url: SHORT_BATCHES,
    maxBytes: BATCH_MAX_BYTES,
    access: 'device',
    handle: (context, { body }, peer) => {
      if (!Buffer.isBuffer(body)) throw new Refusal('body-type-wrong')
      return ingest(context, body, peer).then(encodeReceipt)
    },
  },
  {
    url: '/v1/health',
    maxBytes: REPORT_TAKEN_BYTES,
    access: 'device',
    handle: async ({ health, now }, { body }, peer) => {
      if (!Buffer.isBuffer(body)) throw new Refusal('body-type-wrong')
      health.take(peer.device, body, now())
      return undefined
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
  /** The folder of update files, if there is one. */
  readonly updates?: string | undefined
}

export interface CentralServer {
  readonly http: FastifyInstance<Server>
  readonly limits: ServerLimits
}

export function makeServer({ context, serverKey, authority, report, updates }: ServerOptions): CentralServer {
  const limits = new ServerLimits()
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
      connectionsCheckingInterval: CHECK_MS,
    },
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    bodyLimit: JSON_MAX_BYTES,
    forceCloseConnections: 'idle',
    logger: false,
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, limits.refusals),
    frameworkErrors: (error, _request, reply) => answerRefusal(reply, refusalFor(error, report), limits.refusals),
  })
  const guard = guardConnections(server.server, limits.connections, limits.handshakes, () => performance.now())
  server.addHook('onClose', async () => guard.stop())
  // a connection whose request is answered during the end is idle only then, and would hold central up for as long as it may be idle
  server.addHook('preClose', async () => {
    const closing = setInterval(() => server.server.closeIdleConnections(), CLOSING_MS)
    server.server.once('close', () => clearInterval(closing))
  })
  const calls = new WeakMap<FastifyRequest, OpenCall>()
  const bodyOf = (request: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, Number(request.headers['content-length']), request.routeOptions.bodyLimit, calls.get(request)?.place)
  const readJson = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', (request, payload, done) => {
    bodyOf(request, payload).then(body => readJson(request, body.toString(), done), done)
  })
  server.addContentTypeParser('application/octet-stream', bodyOf)
  // each header that is the same in every request costs a box as much as two events
  server.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    if (request.routeOptions.url !== SHORT_BATCHES || request.headers['content-type'] !== undefined) throw new Refusal('body-type-wrong')
    return bodyOf(request, payload)
  })
  server.setErrorHandler(async (error, request, reply) => {
    const refusal = refusalFor(error, report)
    const device = calls.get(request)?.peer?.device
    if (device !== undefined && refusal.status < 429) limits.refused.count(device, performance.now())
    // the rest of a small request came with its head, and is read in a moment: then the connection can stay open
    if (!request.raw.complete) await setImmediate()
    return answerRefusal(reply, refusal, limits.refusals)
  })
  server.setNotFoundHandler((_request, reply) => answerRefusal(reply, new Refusal('no-such-route'), limits.refusals))
  server.addHook('onRequest', async request => {
    if (request.is404) throw new Refusal('no-such-route')
  })
  for (const route of routes) addRoute(server, route, { context, limits, guard, calls })
  if (updates !== undefined) addUpdates(server, updates, limits.downloads)
  return { http: server, limits }
}

/** A request from when it has its place until it is answered. */
interface OpenCall {
  readonly place: Place
  /** True once the body is there: then the place is taken until the work is done, also if the other side has gone meanwhile. */
  isUnderWay: boolean
  /** Undefined where anyone may ask. */
  readonly peer: CertificateRecord | undefined
}

interface Surroundings {
  readonly context: ServerContext
  readonly limits: ServerLimits
  readonly guard: ConnectionGuard
  readonly calls: WeakMap<FastifyRequest, OpenCall>
}

function addRoute(server: FastifyInstance<Server>, route: Route, { context, limits, guard, calls }: Surroundings): void {
  const callOf = (request: FastifyRequest): Call => ({ body: request.body, address: request.ip })
  const enter = (request: FastifyRequest, reply: FastifyReply, places: Places, peer?: CertificateRecord) => {
    const network = networkOf(request.ip)
    const { device, member } = peer ?? { device: network, member: network }
    const place = places.enter({ device, member, network }, performance.now())
    const call: OpenCall = { place, peer, isUnderWay: false }
    const leave = () => {
      if (!call.isUnderWay) places.leave(place)
    }
    if (reply.raw.closed) leave()
    else onAnswered(reply.raw, leave)
    calls.set(request, call)
  }
  const work = async (request: FastifyRequest, places: Places, handle: (call: OpenCall) => Promise<Answered>) => {
    const call = calls.get(request)
    if (call === undefined) throw new Refusal('central-failed')
    call.isUnderWay = true
    try {
      return await handle(call)
    } finally {
      places.leave(call.place)
    }
  }
  const common = { method: 'POST', url: route.url, bodyLimit: route.maxBytes } as const
  if (route.access === 'open') {
    server.route({
      ...common,
      onRequest: async (request, reply) => enter(request, reply, limits.strangers),
      handler: request => work(request, limits.strangers, () => route.handle(context, callOf(request))),
    })
    return
  }
  server.route({
    ...common,
    onRequest: async (request, reply) => {
      const peer = authenticate(context, request.raw.socket)
      guard.usedBy(request.raw.socket, peer.member)
      const waitMs = limits.refused.waitMs(peer.device, performance.now())
      if (waitMs > 0) throw new Refusal('refused-too-often', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
      checkRoom(context, peer)
      enter(request, reply, limits.devices, peer)
    },
    handler: async (request, reply) => {
      const answer = await work(request, limits.devices, async ({ peer, place }) => {
        if (peer === undefined) throw new Refusal('certificate-required')
        place.isWhole = true
        const handle = () => {
          place.giveWay = undefined
          return route.handle(context, callOf(request), peer)
        }
        return limits.queue.run(peer.member, handle, leave => {
          place.giveWay = () => leave(gaveWay())
        })
      })
      if (Buffer.isBuffer(answer)) return answerShort(reply, answer)
      return answer ?? reply.code(204).send()
    },
  })
}

/** Before the body is read. Refusal central-full or central-scarce. */
function checkRoom({ register, quotas }: ServerContext, { member }: CertificateRecord): void {
  register.checkRoom()
  if (register.room === 'scarce' && quotas.isAboveAverage(member))
    throw new Refusal('central-scarce', { retryAfterSeconds: SCARCE_SECONDS })
}
