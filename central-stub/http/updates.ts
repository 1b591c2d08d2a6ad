// The files of updates, for anybody: what they are worth is in their signatures, which boxes check. One folder, names of one strict
// form, no listing, nothing outside it. A reader who is slow gives way when all places are taken; one who reads nothing is cut off.
import { type FileHandle, open, realpath } from 'node:fs/promises'
import type { Server } from 'node:https'
import { join, resolve, sep } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isErrorWithCode } from '../../agent/lib/durable-file.ts'
import { networkOf } from '../limits/network.ts'
import type { Place, Places } from '../limits/places.ts'
import { Refusal } from '../refusals.ts'

const PREFIX = '/v1/updates/'
/** Segments of lower-case letters, digits, dots and dashes, none of which begins with a dot. */
const namePattern = /^[a-z0-9-][a-z0-9.-]*(\/[a-z0-9-][a-z0-9.-]*){0,5}$/
const NAME_MAX = 250
const missing = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES']
const CHECK_MS = 5000
/** The kernel holds up to 4 MiB for the reader, which takes a line of 64 kbit/s more than 8 minutes: only then is another byte taken from here. */
const STUCK_MS = 900_000

interface Range {
  readonly from: number
  readonly to: number
}

/** Adds GET and HEAD of the files below `folder`. */
export function addUpdates(server: FastifyInstance<Server>, folder: string, places: Places, stuckMs = STUCK_MS): void {
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
      watch(reply, place, stuckMs)
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
    // what is central's own trouble must not look like a file that is not there: boxes would believe that there is no newer root
    throw isErrorWithCode(error, ...missing) ? new Refusal('no-such-route', { cause: error }) : error
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

/** Lets the reader give way to others if it is slow, and ends what is stuck. */
function watch({ raw }: FastifyReply, place: Place, stuckMs: number): void {
  const { socket } = raw
  if (socket === null) return
  // what the kernel has not taken yet is not written
  const written = () => socket.bytesWritten - socket.writableLength
  const first = written()
  let progressAt = performance.now()
  place.giveWay = () => socket.destroy()
  const check = setInterval(
    () => {
      const taken = written() - first
      if (taken > place.receivedBytes) progressAt = performance.now()
      place.receivedBytes = taken
      if (performance.now() - progressAt >= stuckMs) socket.destroy()
    },
    Math.min(CHECK_MS, stuckMs / 2),
  ).unref()
  raw.once('close', () => clearInterval(check))
}
