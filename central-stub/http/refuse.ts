// Every answer that is not what was asked for: a row of refusals.ts, counted for the operator.
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { RefusalCounts } from '../limits/refusal-counts.ts'
import { Refusal, type RefusalCode } from '../refusals.ts'

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

export function refusalFor(error: unknown, report: (error: unknown) => void): Refusal {
  if (error instanceof Refusal) return error
  const known = error instanceof Error && 'code' in error ? clientErrors[String(error.code)] : undefined
  if (known !== undefined) return new Refusal(known)
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 400) return new Refusal('body-malformed')
  report(error)
  return new Refusal('central-failed')
}

export function answerRefusal(reply: FastifyReply, refusal: Refusal, counts: RefusalCounts): FastifyReply {
  counts.count(refusal.code)
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', String(refusal.retryAfterSeconds))
  // a body that nobody will read is not waited for
  if (!reply.request.raw.complete) reply.header('connection', 'close')
  return reply.code(refusal.status).send(refusal.body)
}

/** What is not HTTP never reaches a route. */
export function answerBrokenRequest(error: Error, socket: Socket, counts: RefusalCounts): void {
  const code = 'code' in error ? (clientErrors[String(error.code)] ?? 'request-malformed') : 'request-malformed'
  // a handshake that failed has no request: there is nobody to answer
  if (!socket.writable) {
    socket.destroy()
    return
  }
  counts.count(code)
  const refusal = new Refusal(code)
  const body = JSON.stringify(refusal.body)
  const head = `HTTP/1.1 ${refusal.status} ${code}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  socket.end(`${head}\r\n\r\n${body}`)
}
