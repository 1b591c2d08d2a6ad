// Central, composed: folder, keys, register, arrivals, server and admin socket. `startCentral` is whole when it returns and leaves
// nothing behind when it throws; the same folder opens again after a power cut at any moment.
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type * as z from 'zod'
import { Arrivals } from './arrivals/arrivals.ts'
import type { Values } from './arrivals/instance.ts'
import { Correlation } from './correlation/run.ts'
import { CodeLimits } from './devices/code-limits.ts'
import { allDevices, memberOf, revokeCertificates } from './devices/devices.ts'
import { type EnrolContext, issueCode } from './devices/enrol.ts'
import { BoxHealth } from './devices/health.ts'
import { KnownCodes } from './devices/known-codes.ts'
import { readUsage } from './devices/usage.ts'
import { listFindings } from './findings/list.ts'
import { openFolder } from './folder.ts'
import { makeServer, type ServerContext } from './http/server.ts'
import { Committer } from './ingest/committer.ts'
import { Opening } from './ingest/opening.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { type QuotaLimits, Quotas, quotaLimits } from './limits/quotas.ts'
import { bringOver } from './old-database/bring-over.ts'
import { listenAdmin, type Operations } from './operator/admin.ts'
import { readAsTables } from './operator/as-tables.ts'
import { type BoxState, lookAt } from './operator/boxes.ts'
import { readStats, readTop } from './operator/stats.ts'
import { Register } from './register/register.ts'
import { beginRetention, type RunningRetention } from './retention/begin.ts'
import type { Reading } from './retention/clock.ts'
import { machineClock } from './retention/machine-clock.ts'
import { authorityAt, openKeys, openServerKey } from './trust/keys.ts'

/** How often the dates of its certificates are looked at. Soon, because a clock may be put right after the start. */
const CERTIFICATES_EVERY_MS = 60_000
/** Connections that wait to be taken; beyond it the kernel drops, and a device tries again after 1, 3 and 7 s. Linux bounds it at 4096 itself. */
const BACKLOG = 4096
/** What boxes reported of their health is written to the register this often. */
const HEALTH_MS = 10_000
/** Members that the operator is shown with what they have used of their quotas. */
const FULLEST = 10

export interface CentralOptions {
  readonly folder: string
  readonly host?: string
  /** 0 takes any free port. */
  readonly port?: number
  /** DNS name or address under which boxes reach it; it is in the server's certificate. */
  readonly name?: string
  readonly now?: () => number
  /** Other quotas than those of limits/quotas.ts. */
  readonly quotas?: Partial<QuotaLimits>
  /** Room on the disk that is kept free; by default a part of the disk (limits/room.ts). */
  readonly reserveBytes?: number | undefined
  /** The folder of update files, which anybody may read; without it there are none. */
  readonly updates?: string | undefined
  /** How often the dates of its certificates are looked at; each minute by default. */
  readonly certificatesEveryMs?: number
  /** The clocks that deletion goes by; those of the machine unless `now` is given. */
  readonly readClock?: () => Reading
  /** How often is looked for what has to be deleted; each minute by default. */
  readonly retentionEveryMs?: number
  /** Called with every failure of central's own. */
  readonly report?: (error: unknown) => void
}

export interface Central extends Operations {
  /** Rows of a query over what it holds (operator/as-tables.ts), each checked against a shape. */
  read<T>(shape: z.ZodType<T>, sql: string, values?: Values): Promise<T[]>
  readonly url: string
  readonly address: string
  readonly port: number
  /** `sha256/` and the base64 of SHA-256 over the SPKI of the authority. */
  readonly pins: readonly string[]
  close(): Promise<void>
}

export async function startCentral(options: CentralOptions): Promise<Central> {
  const { host = '127.0.0.1', port = 0, name = 'localhost', now = Date.now } = options
  const report = options.report ?? (error => console.error(error))
  const folder = resolve(options.folder)
  openFolder(folder)
  const keys = await openKeys(folder, now())
  let serverKey = await openServerKey(folder, keys.authority, name, now())
  await using cleanup = new AsyncDisposableStack()
  await bringOver(folder, now(), report)
  const { reserveBytes } = options
  const register = cleanup.adopt(Register.open(folder, { reserveBytes }), register => register.close())
  let running: RunningRetention | undefined
  const onOpened = () => running?.retention.reopened()
  const arrivals = cleanup.adopt(await Arrivals.open(folder, { reserveBytes, now, report, onOpened }), arrivals => arrivals.close())
  const committer = new Committer(arrivals, register)
  await committer.begin()
  const given = () => ({ wallMs: now(), monotonicMs: now(), boot: 'given' })
  const readClock = options.readClock ?? (options.now === undefined ? machineClock(now) : given)
  const everyMs = options.retentionEveryMs
  const retention = await beginRetention({ folder, register, arrivals, now, readClock, report, everyMs })
  running = retention
  cleanup.defer(() => retention.stop())
  const mayIngest = (wallMs: number) => retention.retention.mayIngest(wallMs)
  const codes = new KnownCodes()
  codes.load(register)
  const health = new BoxHealth()
  health.load(register)
  const quotas = new Quotas({ ...quotaLimits, ...options.quotas })
  quotas.load(readUsage(register, now()), now())
  const opening = cleanup.adopt(new Opening({ sealKey: keys.seal.privateKey }, report), opening => opening.close())
  const deviceQueue = new KeyedQueue()
  const codeLimits = new CodeLimits()
  const context: ServerContext = { register, committer, keys, opening, deviceQueue, codes, codeLimits, quotas, health, mayIngest, now }
  const { http: server, limits } = makeServer({
    context,
    serverKey,
    authority: keys.authority.certificate,
    report,
    updates: options.updates,
  })
  cleanup.defer(() => server.close())
  await server.listen({ host, port, backlog: BACKLOG })
  const renewal = setInterval(async () => {
    try {
      keys.authority = await authorityAt(folder, keys.authority, now())
      const { chain, key } = await openServerKey(folder, keys.authority, name, now())
      if (chain === serverKey.chain) return
      serverKey = { chain, key }
      server.server.setSecureContext({ cert: chain, key, ca: keys.authority.certificate, minVersion: 'TLSv1.3' })
    } catch (error) {
      report(error)
    }
  }, options.certificatesEveryMs ?? CERTIFICATES_EVERY_MS).unref()
  cleanup.defer(() => clearInterval(renewal))
  const flushHealth = () => {
    try {
      health.flush(register, now())
    } catch (error) {
      report(error)
    }
  }
  const flushing = setInterval(flushHealth, HEALTH_MS).unref()
  cleanup.defer(() => {
    clearInterval(flushing)
    flushHealth()
  })
  const correlation = cleanup.adopt(new Correlation({ arrivals, register, now, report }), correlation => correlation.close())
  const bound = server.server.address() as AddressInfo
  const look = (what: string) => retention.note('consultation', { what, by: 'operator' })
  const operations: Operations = {
    ...retention.operations,
    recall: async set => {
      const done = await retention.operations.recall(set)
      // memory would find again what was just taken back
      correlation.forget()
      return done
    },
    makeCode: (member = 'member', hours = 72) => issueCode(context, member, hours),
    revoke: device => revoke(context, device),
    stats: () => {
      look('stats')
      return readStats(register, arrivals)
    },
    top: () => {
      look('top')
      return readTop(arrivals)
    },
    boxes: async () => allDevices(register).map(owner => lookAt({ ...owner, ...lastOf(health, owner.device) }, now())),
    findings: async limit => {
      look('findings')
      return listFindings(register, limit)
    },
    limits: async () => ({
      ...limits.report,
      correlation: correlation.report,
      disk: { ...register.disk, openings: arrivals.openings },
      damaged: arrivals
        .hours()
        .flatMap(({ name, damage }) => (damage === undefined ? [] : [{ code: 'hour-damaged', hour: name, said: damage }])),
      members: quotas.fullest(now(), FULLEST),
    }),
  }
  const admin = await listenAdmin(folder, operations)
  cleanup.defer(() => new Promise<void>(resolve => admin.close(() => resolve())))
  const resources = cleanup.move()
  let closed: Promise<void> | undefined
  return {
    ...operations,
    url: `https://${name.includes(':') ? `[${name}]` : name}:${bound.port}`,
    address: bound.address,
    port: bound.port,
    pins: keys.pins,
    read: (shape, sql, values) => readAsTables(register, arrivals, shape, sql, values),
    close: () => {
      closed ??= resources.disposeAsync()
      return closed
    },
  }
}

function lastOf(health: BoxHealth, device: string): Pick<BoxState, 'reportedAt' | 'report'> {
  const last = health.of(device)
  if (last === undefined) return { reportedAt: null, report: null }
  return { reportedAt: new Date(last.receivedAt).toISOString(), report: last.report }
}

async function revoke({ register, deviceQueue, now }: EnrolContext, device: string): Promise<number> {
  if (memberOf(register, device) === undefined) throw new Error(`there is no device ${device}`)
  return deviceQueue.run(device, async () => register.transact(transaction => revokeCertificates(transaction, device, now()), 'reserve'))
}
