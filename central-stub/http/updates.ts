// The files of updates, for anybody: what they are worth is in their signatures, which boxes check. One folder, names of one strict
// form, no listing, nothing outside it. A reader who does not read is cut off, so that it holds no place for ever.
import { type FileHandle, open, realpath } from 'node:fs/promises'
import type { Server } from 'node:https'
import { join, resolve, sep } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { networkOf } from '../limits/network.ts'
import type { Places } from '../limits/places.ts'
import { Refusal } from '../refusals.ts'

const PREFIX = '/v1/updates/'
/** Segments of lower-case letters, digits, dots and dashes, none of which begins with a dot. */
const namePattern = /^[a-z0-9-][a-z0-9.-]*(\/[a-z0-9-][a-z0-9.-]*){0,5}$/
const NAME_MAX = 250
/** A box loads at 256 KiB/s, and is told to give up at 4 KiB in 30 s. */
const CHECK_MS = 30_000
const LEAST_BYTES = 4096

interface Range {
  readonly from: number
  readonly to: number
}

/** Adds GET and HEAD of the files below `folder`. */
export function addUpdates(server: FastifyInstance<Server>, folder: string, places: Places): void {
  server.route({
    method: ['GET', 'HEAD'],
    url: `${PREFIX}*`,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => {
      const network = networkOf(request.ip)
      const place = places.enter({ device: network, member: network, network }, performance.now())
      const leave = () => places.leave(place)
      if (reply.raw.closed) leave()
      else reply.raw.once('close', leave)
    },
    handler: (request, reply) => answerFile(folder, request, reply),
  })
}

async function answerFile(folder: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const file = await openBelow(folder, request.raw.url?.slice(PREFIX.length) ?? '')
  let isHandedOn = false
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true })
    const etag = `"${size.toString(16)}-${mtimeNs.toString(16)}"`
    const range = rangeOf(request.headers, etag, Number(size))
    reply.headers({ etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' })
    if (range === 'none') {
      return await reply.code(416).header('content-range', `bytes */${size}`).header('content-length', 0).send('')
    }
    const { from, to } = range ?? { from: 0, to: Number(size) - 1 }
    reply.code(range === undefined ? 200 : 206).header('content-length', to + 1 - from)
    if (range !== undefined) reply.header('content-range', `bytes ${from}-${to}/${size}`)
    if (request.method === 'HEAD' || to < from) return await reply.send('')
    isHandedOn = true
    cutOffWhoDoesNotRead(reply)
    return await reply.send(file.createReadStream({ start: from, end: to }))
  } finally {
    if (!isHandedOn) await file.close()
  }
}

/** The file of this name. Refusal no-such-route for everything else, whatever stands in the way. */
async function openBelow(folder: string, name: string): Promise<FileHandle> {
  if (!namePattern.test(name) || name.length > NAME_MAX) throw new Refusal('no-such-route')
  let file: FileHandle | undefined
  try {
    const [home, path] = await Promise.all([realpath(resolve(folder)), realpath(join(folder, name))])
    if (!path.startsWith(home + sep)) throw new Refusal('no-such-route')
    file = await open(path, 'r')
    if ((await file.stat()).isFile()) return file
    throw new Refusal('no-such-route')
  } catch (error) {
    await file?.close()
    throw error instanceof Refusal ? error : new Refusal('no-such-route', { cause: error })
  }
}

/** undefined: the whole file. 'none': no byte of it (RFC 9110 section 14.2). One range is understood, of the form `bytes=N-` or `bytes=N-M`. */
function rangeOf(headers: FastifyRequest['headers'], etag: string, size: number): Range | 'none' | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? []
  const condition = headers['if-range']
  if (from === undefined || (condition !== undefined && condition !== etag)) return undefined
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  return Number(from) > last ? 'none' : { from: Number(from), to: last }
}

function cutOffWhoDoesNotRead({ raw }: FastifyReply): void {
  const { socket } = raw
  if (socket === null) return
  let before = socket.bytesWritten
  const check = setInterval(() => {
    // what the kernel has not taken yet is not written
    const taken = socket.bytesWritten - socket.writableLength
    if (taken - before < LEAST_BYTES) socket.destroy()
    before = taken
  }, CHECK_MS).unref()
  raw.once('close', () => clearInterval(check))
}
