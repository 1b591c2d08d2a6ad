// Commands of the operator, on no network: a Unix socket (0600) in central's folder (0700). One line of JSON asks, one line
// of JSON answers. What can be asked is a table.
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import * as z from 'zod'
import type { Finding } from '../findings/list.ts'
import { socketPath } from '../folder.ts'
import type { RetentionOperations } from '../retention/begin.ts'
import type { BoxLook } from './boxes.ts'
import type { LimitsReport, Stats, Top } from './stats.ts'

const REQUEST_MAX_CHARACTERS = 4096
const ANSWER_MAX_CHARACTERS = 64 * 1024 * 1024
const IDLE_MS = 30_000
export const FINDINGS_MAX = 10_000

const requestSchema = z.discriminatedUnion('ask', [
  z.strictObject({
    ask: z.literal('code'),
    member: z
      .string()
      .trim()
      .min(1)
      .max(128)
      .regex(/^\P{Cc}*$/u, 'a member has no control characters in its name'),
    hours: z.number().positive().max(8760),
  }),
  z.strictObject({ ask: z.literal('revoke'), device: z.uuid() }),
  z.strictObject({ ask: z.literal('stats') }),
  z.strictObject({ ask: z.literal('top') }),
  z.strictObject({ ask: z.literal('limits') }),
  z.strictObject({ ask: z.literal('boxes') }),
  z.strictObject({ ask: z.literal('retention') }),
  z.strictObject({ ask: z.literal('confirm-clock') }),
  z.strictObject({
    ask: z.literal('recall'),
    member: z.string().min(1).max(128),
    first: z.int().min(0).max(0xffffffff),
    last: z.int().min(0).max(0xffffffff),
    gateway: z.int().min(0).max(0xffff).optional(),
    rule: z.int().min(0).max(0xffffffff).optional(),
  }),
  z.strictObject({ ask: z.literal('statements'), most: z.int().min(1).max(10_000) }),
  z.strictObject({ ask: z.literal('audit'), after: z.int().min(0) }),
  z.strictObject({ ask: z.literal('findings'), limit: z.int().positive().max(FINDINGS_MAX) }),
])
export type AdminRequest = z.infer<typeof requestSchema>

const answerSchema = z.union([z.object({ value: z.unknown() }), z.object({ error: z.string() })])

/** What an operator can ask of a running central. */
export interface Operations extends RetentionOperations {
  makeCode(member?: string, hours?: number): Promise<string>
  /** Revokes all certificates of a device; gives how many. */
  revoke(device: string): Promise<number>
  stats(): Promise<Stats>
  top(): Promise<Top>
  /** How each box is. */
  boxes(): Promise<readonly BoxLook[]>
  /** What was found: so many of those that changed last. */
  findings(limit: number): Promise<readonly Finding[]>
  /** Also when the database cannot be opened. */
  limits(): Promise<LimitsReport>
}

function answer(central: Operations, request: AdminRequest): Promise<unknown> {
  switch (request.ask) {
    case 'code':
      return central.makeCode(request.member, request.hours)
    case 'revoke':
      return central.revoke(request.device)
    case 'stats':
      return central.stats()
    case 'top':
      return central.top()
    case 'boxes':
      return central.boxes()
    case 'findings':
      return central.findings(request.limit)
    case 'limits':
      return central.limits()
    case 'retention':
      return central.retention()
    case 'confirm-clock':
      return central.confirmClock()
    case 'recall':
      return central.recall(request)
    case 'statements':
      return central.statements(request.most)
    case 'audit':
      return central.audit(request.after)
  }
}

/** Listens in the folder. The caller holds the lock of the database, so a socket that is there already is a leftover. */
export async function listenAdmin(folder: string, central: Operations): Promise<Server> {
  const path = socketPath(folder)
  rmSync(path, { force: true })
  const server = createServer(socket => serve(socket, central))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}

function serve(socket: Socket, central: Operations): void {
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  // a caller that goes away in the middle of an answer has lost interest, nothing else
  socket.on('error', () => socket.destroy())
  firstLine(socket, REQUEST_MAX_CHARACTERS)
    .then(async line => {
      const request = requestSchema.safeParse(JSON.parse(line))
      return request.success ? { value: await answer(central, request.data) } : { error: z.prettifyError(request.error) }
    })
    .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }))
    .then(result => socket.end(`${JSON.stringify(result)}\n`))
}

/** Asks the central that runs on this folder; its answer, or an Error with the sentence to show. */
export async function askAdmin(folder: string, request: AdminRequest): Promise<unknown> {
  const socket = createConnection(socketPath(folder))
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', cause => reject(new Error(`no central runs on ${folder}: start it with 'run --folder ${folder}'`, { cause })))
    })
    socket.write(`${JSON.stringify(request)}\n`)
    const result = answerSchema.parse(JSON.parse(await firstLine(socket, ANSWER_MAX_CHARACTERS)))
    if ('error' in result) throw new Error(result.error)
    return result.value
  } finally {
    socket.destroy()
  }
}

async function firstLine(socket: Socket, maxCharacters: number): Promise<string> {
  let text = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
    if (text.length > maxCharacters) throw new Error('the line is too long')
  }
  throw new Error('the other side closed the socket without a line')
}
