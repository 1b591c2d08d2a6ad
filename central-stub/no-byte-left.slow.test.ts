// The promises about deletion, with a real central and real frames over TLS: after 24 hours, nine months, and a recall the address is
// found in no byte of any file of the folder, in none of the forms in which it is or was stored, nor by DuckDB in any file that it compresses.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import t from 'tap'
import { Endpoint, OpenBatch } from '../agent/batch/open-batch.ts'
import { packBatch } from '../agent/batch/pack.ts'
import { temporaryFolder, until } from '../agent/testing/harness.ts'
import { askAdmin } from './operator/admin.ts'
import { Register } from './register/register.ts'
import type { RetentionStatus } from './retention/retention.ts'
import { type Box, enrolBox, makeBatch, send, targetOf, zeroHash } from './test-box.ts'

const HOUR_MS = 3_600_000
const lookedAt = t.testdir()
const main = new URL('./main.ts', import.meta.url).pathname
const run = promisify(execFile)

const harmless = '203.0.113.77'
const scanner = '198.51.100.201'
const scanner6 = '2001:db8:9e37:79b9:7f4a:7c15:f39c:c05d'
const mistaken = '203.0.113.142'

/** The 16 bytes of an address, IPv4 as ::ffff:a.b.c.d. */
function bytesOf(address: string): Buffer {
  if (address.includes('.')) return Buffer.from([...new Array(10).fill(0), 255, 255, ...address.split('.').map(Number)])
  return Buffer.from(
    address
      .split(':')
      .map(part => part.padStart(4, '0'))
      .join(''),
    'hex',
  )
}

/** Every form in which it could lie in a file: text, digits, and bytes in both orders, whole, in halves, and the four of IPv4. */
function formsOf(address: string): Map<string, Buffer> {
  const whole = bytesOf(address)
  const part = address.includes('.') ? whole.subarray(12) : whole.subarray(8)
  const forms = { whole, half: whole.subarray(0, 8), part }
  const found = new Map<string, Buffer>([
    ['text', Buffer.from(address)],
    ['hexadecimal', Buffer.from(whole.toString('hex'))],
    ['hexadecimal of the last part', Buffer.from(part.toString('hex'))],
    ['capital hexadecimal of the last part', Buffer.from(part.toString('hex').toUpperCase())],
    ['base64', Buffer.from(whole.toString('base64').slice(-12, -2))],
    ['number', Buffer.from(BigInt(`0x${whole.toString('hex')}`).toString())],
  ])
  for (const [name, bytes] of Object.entries(forms)) {
    // of IPv4 the first half is nothing but zeros
    if (bytes.every(byte => byte === 0)) continue
    found.set(`${name}, highest byte first`, bytes)
    found.set(`${name}, lowest byte first`, Buffer.from(bytes).reverse())
  }
  return found
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map(name => join(folder, String(name)))
    .filter(path => statSync(path).isFile())

/** Where the address is found: path and form. */
async function search(folder: string, address: string): Promise<string[]> {
  const found: string[] = []
  const forms = formsOf(address)
  for (const path of filesOf(folder)) {
    const bytes = readFileSync(path)
    for (const [form, value] of forms) if (bytes.includes(value)) found.push(`${path.slice(folder.length + 1)}: ${form}`)
    if (await isInside(path, address)) found.push(`${path.slice(folder.length + 1)}: by SQL`)
  }
  return found
}

/** Compressed columns show no value to a search of bytes, so DuckDB looks too: at a copy, which it may change. */
async function isInside(path: string, address: string): Promise<boolean> {
  if (!/\.(parquet|duckdb)(\.draft)?$/.test(path)) return false
  const number = BigInt(`0x${bytesOf(address).toString('hex')}`)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const copy = join(lookedAt, 'copy')
  rmSync(`${copy}.wal`, { force: true })
  copyFileSync(path, copy)
  try {
    const [high, low] = [number >> 64n, number & 0xffff_ffff_ffff_ffffn]
    const isParquet = path.includes('.parquet')
    if (!isParquet) await connection.run(`ATTACH '${copy}' AS hour (READ_ONLY)`)
    const sql = isParquet
      ? `FROM read_parquet('${copy}') WHERE (source_high = ${high} AND source_low = ${low}) OR (destination_high = ${high} AND destination_low = ${low})`
      : `FROM hour.events WHERE source = ${number} OR destination = ${number}`
    return Number((await connection.runAndReadAll(`SELECT count(*) ${sql}`)).getRowsJS()[0][0]) > 0
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

interface Told {
  readonly source: string
  readonly action: number
  readonly gateway?: number
}

function pack(events: readonly Told[], nowMs: number): Promise<Uint8Array> {
  const batch = new OpenBatch()
  events.forEach(({ source, action, gateway = 1 }, row) => {
    const words = new Uint32Array(8)
    const bytes = bytesOf(source)
    for (let word = 0; word < 4; word++) words[word] = bytes.readUInt32BE(word * 4)
    words.set([0, 0, 0xffff, 0xc633_6405], 4)
    const event = {
      words,
      hasSource: true,
      hasDestination: true,
      time: nowMs - 1000,
      clock: 1,
      action,
      sourcePort: 40_000 + row,
      destinationPort: 22 + row,
    }
    const rest = { protocol: 6, bytes: 60, packets: 1, rule: -1, count: 1, direction: 1, isLate: false, reset: () => undefined }
    batch.add(
      { ...event, ...rest },
      { gateway, product: 1, reason: 2, sourceEndpoint: Endpoint.foreign, destinationEndpoint: Endpoint.ours },
    )
  })
  return packBatch(batch, { pseudonymise: addresses => Buffer.alloc(addresses.length, 0xab), reasonName: () => 'blocked', accounting: {} })
}

/** Its clocks are ahead by what stands in the file `ahead`. */
const shifted = (ahead: string): string => `
  import fs from 'node:fs'
  import os from 'node:os'
  import { syncBuiltinESMExports } from 'node:module'
  const ms = Number(fs.readFileSync(${JSON.stringify(ahead)}, 'utf8'))
  const [now, uptime] = [Date.now, os.uptime]
  Date.now = () => now() + ms
  os.uptime = () => uptime() + ms / 1000
  syncBuiltinESMExports()`

t.test('after deletion an address is in no byte of any file: 24 hours, recall, nine months', async t => {
  // a Unix socket has a short path
  const dir = temporaryFolder(t)
  const [folder, ahead] = [join(dir, 'central'), join(dir, 'ahead')]
  let child: ChildProcess | undefined
  let aheadMs = 0
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  t.teardown(stop)
  /** Starts central when so much time has passed, and waits for its first round; the port. */
  const startAt = async (ms: number): Promise<number> => {
    await stop()
    aheadMs = ms
    writeFileSync(ahead, String(ms))
    const preload = `data:text/javascript,${encodeURIComponent(shifted(ahead))}`
    const started = spawn(process.execPath, ['--import', preload, main, 'run', '--folder', folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    const [line] = await once(createInterface({ input: started.stdout }), 'line')
    await until(
      () => askAdmin(folder, { ask: 'retention' }) as Promise<RetentionStatus>,
      ({ lastRound }) => lastRound !== null,
    )
    return Number(new URL(JSON.parse(line).listening).port)
  }
  const command = async (...words: string[]) => (await run(process.execPath, [main, ...words, '--folder', folder])).stdout

  const port = await startAt(0)
  const code = String(await askAdmin(folder, { ask: 'code', member: 'School', hours: 1 }))
  const box: Box = await enrolBox(targetOf({ port }, folder), code)
  const [allow, drop] = [0, 2]
  const first = await makeBatch(box, 1, zeroHash, {
    packed: await pack(
      [harmless, scanner, scanner6].map(source => ({ source, action: source === harmless ? allow : drop })),
      Date.now(),
    ),
  })
  t.equal((await send(box, first)).status, 200)
  const second = await makeBatch(box, 2, first.hash, {
    packed: await pack(
      [
        { source: mistaken, action: drop, gateway: 7 },
        { source: scanner, action: drop },
      ],
      Date.now(),
    ),
  })
  t.equal((await send(box, second)).status, 200)
  for (const address of [harmless, scanner, scanner6, mistaken])
    t.ok((await search(folder, address)).length > 0, `${address} is found while it is there`)

  const span = ['--from', new Date(Date.now() - HOUR_MS).toISOString(), '--to', new Date(Date.now() + HOUR_MS).toISOString()]
  t.match(await command('recall', '--member', 'School', '--gateway', '7', ...span), /1 row/)
  t.same(await search(folder, mistaken), [], 'a recall, from the open hour')
  t.ok((await search(folder, harmless)).length > 0)
  t.equal((await send(box, second)).status, 200, 'the batch has its receipt, and nothing is stored again')
  t.same(await search(folder, mistaken), [])

  await startAt(25 * HOUR_MS)
  t.same(await search(folder, harmless), [], 'an event that is not suspicious, after 24 hours')
  t.ok(
    (await search(folder, scanner)).every(where => where.startsWith('suspect/')),
    'the suspicious are in files of their own',
  )
  t.ok((await search(folder, scanner6)).length > 0)

  // a finding about a source, in the register and in its log
  await stop()
  const register = Register.open(folder)
  for (const [i, address] of [scanner, scanner6].entries())
    register.transact(transaction =>
      transaction.run(
        `INSERT INTO findings VALUES ($id, 'vertical', $source, 0, 0, $at, $at, $at, $at, 'T1046', 80, 'B2', 0, 0, 'unclear', 15, 1, 0)`,
        { id: 1000 + i, source: bytesOf(address), at: Date.now() },
      ),
    )
  register.close()
  await startAt(26 * HOUR_MS)
  t.ok(
    (await search(folder, scanner)).some(where => where.startsWith('register.sqlite')),
    'a finding names its source',
  )

  const later = Date.now() + 26 * HOUR_MS
  const months = new Date(later)
  months.setUTCMonth(months.getUTCMonth() + 9)
  await startAt(months.getTime() - Date.now() + 7 * 24 * HOUR_MS)
  for (const address of [scanner, scanner6]) t.same(await search(folder, address), [], `${address}, after nine quiet months and seven days`)
  t.ok(aheadMs > 270 * 24 * HOUR_MS)
  t.same(readdirSync(join(folder, 'suspect')), [])

  const exported = join(dir, 'audit.jsonl')
  const { key } = (await askAdmin(folder, { ask: 'audit', after: 0 })) as { key: string }
  await command('audit', '--export', exported)
  const verifier = new URL('./audit/verify.ts', import.meta.url).pathname
  const { stdout } = await run(process.execPath, [verifier, exported, key])
  const verified = JSON.parse(stdout)
  t.match(verified, { after: 0, erased: { rows: Number } })
  t.ok(verified.erased.statements >= 4, '24 hours, recall, nine months, and findings')
  t.match(await command('statements'), /nine months without further activity of the source/)
  for (const address of [harmless, scanner, scanner6, mistaken]) {
    const forms = [...formsOf(address).values()]
    t.notOk(
      forms.some(form => readFileSync(exported).includes(form)),
      'no statement has content',
    )
  }
})
