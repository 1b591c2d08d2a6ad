// A folder of a release before the register, as that release made it: real boxes go on, and their repeats get the receipts of before.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import t from 'tap'
import * as z from 'zod'
import { temporaryFolder } from '../../agent/testing/harness.ts'
import { type Central, startCentral } from '../central.ts'
import { enrolBox, makeChain, makeShed, send, targetOf } from '../test-box.ts'
import { bringOver } from './bring-over.ts'

t.setTimeout(300_000)
const HOUR_MS = 3_600_000

/** The tables as the last release with one file made them (1 December 2026). */
const oldSchema = `
CREATE TABLE codes (
  hash VARCHAR PRIMARY KEY, member VARCHAR NOT NULL, expires_at TIMESTAMP_MS NOT NULL, spent_at TIMESTAMP_MS, device VARCHAR);
CREATE TABLE devices (device VARCHAR PRIMARY KEY, member VARCHAR NOT NULL, enrolled_at TIMESTAMP_MS NOT NULL);
CREATE TABLE certificates (
  fingerprint VARCHAR PRIMARY KEY, device VARCHAR NOT NULL, public_key VARCHAR NOT NULL,
  issued_at TIMESTAMP_MS NOT NULL, not_after TIMESTAMP_MS NOT NULL, revoked_at TIMESTAMP_MS);
CREATE TABLE heads (device VARCHAR PRIMARY KEY, sequence BIGINT NOT NULL, hash VARCHAR NOT NULL);
CREATE TABLE batches (
  device VARCHAR, sequence BIGINT, hash VARCHAR NOT NULL, stored_at TIMESTAMP_MS NOT NULL, seal_key VARCHAR NOT NULL,
  rows UINTEGER NOT NULL, messages BIGINT NOT NULL, bytes UINTEGER NOT NULL, accounting VARCHAR NOT NULL, PRIMARY KEY (device, sequence));
CREATE TABLE sheds (
  device VARCHAR, hash VARCHAR, first BIGINT NOT NULL, last BIGINT NOT NULL, last_hash VARCHAR NOT NULL, stored_at TIMESTAMP_MS NOT NULL,
  rows BIGINT NOT NULL, messages BIGINT NOT NULL, reason VARCHAR NOT NULL, PRIMARY KEY (device, hash));
CREATE TABLE health (device VARCHAR PRIMARY KEY, received_at TIMESTAMP_MS NOT NULL, report VARCHAR NOT NULL);
CREATE TABLE health_changes (
  device VARCHAR NOT NULL, changed_at TIMESTAMP_MS NOT NULL, number UTINYINT NOT NULL, level VARCHAR NOT NULL, value BIGINT);
CREATE TABLE events (device VARCHAR NOT NULL, sequence BIGINT NOT NULL, time TIMESTAMP_MS, gateway USMALLINT, product VARCHAR,
  action VARCHAR, source VARCHAR, source_port USMALLINT, destination VARCHAR, destination_port USMALLINT, protocol UTINYINT, bytes BIGINT,
  packets BIGINT, count UINTEGER, first_seen TIMESTAMP_MS, last_seen TIMESTAMP_MS, rule UINTEGER, direction VARCHAR, reason VARCHAR);
`

const row = z.record(z.string(), z.unknown())
const literal = (value: unknown): string => {
  if (value === null) return 'NULL'
  if (value instanceof Date) return `'${value.toISOString()}'::TIMESTAMP`
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : `'${String(value)}'`
}
const known = ['devices', 'heads', 'batches', 'sheds', 'events'] as const

/** What a central holds, in a file as the old release wrote it; the first batch of each device is 30 hours old in it. */
async function writeOld(central: Central, path: string, certificates: readonly Record<string, unknown>[]): Promise<void> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run(oldSchema)
  const insert = async (name: string, rows: readonly Record<string, unknown>[]) => {
    for (const one of rows)
      await connection.run(`INSERT INTO ${name} (${Object.keys(one)}) VALUES (${Object.values(one).map(literal).join(', ')})`)
  }
  for (const name of known)
    await insert(
      name,
      (await central.read(row, `SELECT * FROM ${name}`)).map(({ clock: _, ...one }) =>
        name === 'batches' ? { ...one, seal_key: 'k' } : one,
      ),
    )
  await insert('certificates', certificates)
  await insert('codes', [{ hash: 'ab'.repeat(32), member: 'Waiting School', expires_at: new Date(Date.now() + HOUR_MS) }])
  await insert('health', [{ device: 'd', received_at: new Date(0), report: 'abcd' }])
  await insert('health_changes', [{ device: 'd', changed_at: new Date(0), number: 23, level: 'bad', value: 4n }])
  await connection.run('UPDATE batches SET stored_at = stored_at - INTERVAL 30 HOUR WHERE sequence = 1')
  connection.closeSync()
  instance.closeSync()
}

t.test('devices, certificates, heads, receipts and the events of a day are brought over; a cut on the way starts anew', async t => {
  const folder = join(temporaryFolder(t), 'central')
  let central = await startCentral({ folder })
  const target = targetOf(central, folder)
  const boxes = [
    await enrolBox(target, await central.makeCode('St Example School')),
    await enrolBox(target, await central.makeCode('Another')),
  ]
  const chains = await Promise.all(boxes.map(box => makeChain(box, 6)))
  const receipts = await Promise.all(
    boxes.map(async (box, i) => {
      const answers = []
      for (const batch of chains[i].slice(0, 3)) answers.push((await send(box, batch)).body)
      return answers
    }),
  )
  const shed = makeShed(boxes[0], 4, 4, chains[0][2].hash, chains[0][3].hash)
  const shedReceipt = (await send(boxes[0], shed)).body
  const before = await central.stats()
  const events = await central.read(row, 'SELECT * FROM events WHERE sequence > 1 ORDER BY device, sequence, source')
  const certificates = await central.read(row, 'SELECT fingerprint, device, issued_at, not_after, revoked_at FROM certificates')
  const keyOf = new Map(boxes.map(({ device, key }) => [device, key]))
  const { createPublicKey } = await import('node:crypto')
  const withKeys = certificates.map(one => {
    const key = keyOf.get(String(one.device))
    if (key === undefined) throw new Error('no key')
    return { ...one, public_key: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64') }
  })
  const old = join(folder, 'central.duckdb')
  await writeOld(central, old, withKeys)
  await central.close()
  for (const name of ['register.sqlite', 'register.sqlite-wal', 'arrivals', 'suspect'])
    rmSync(join(folder, name), { recursive: true, force: true })

  // cut before the register has its name
  const copy = join(temporaryFolder(t), 'cut')
  cpSync(folder, copy, { recursive: true })
  await bringOver(copy, Date.now(), () => undefined)
  cpSync(join(copy, 'arrivals'), join(folder, 'arrivals'), { recursive: true })
  writeFileSync(join(folder, 'register.sqlite.draft'), readFileSync(join(copy, 'register.sqlite')).subarray(0, 20_000))

  const reported: unknown[] = []
  central = await startCentral({ folder, report: said => reported.push(said) })
  t.match(String(reported), /2 devices, 6 batches, 12 events of the last 24 hours; 6 older events were left out/)
  t.notOk(existsSync(old))
  t.same(
    readdirSync(folder).filter(name => /draft|central\.duckdb/.test(name)),
    [],
  )
  const after = await central.stats()
  const { devices, batches, rows, messages, bytes } = before
  t.match(after, { devices, batches, rows, messages, bytes, shed: before.shed, events: before.events - 12 })
  t.same(
    after.perDevice.map(({ device, sequence, member, certificates }) => ({ device, sequence, member, certificates })),
    before.perDevice.map(({ device, sequence, member, certificates }) => ({ device, sequence, member, certificates })),
  )
  t.same(await central.read(row, 'SELECT * FROM events ORDER BY device, sequence, source'), events)
  t.same(await central.read(row, 'SELECT number, level, value FROM health_changes'), [{ number: 23, level: 'bad', value: 4n }])
  const again = boxes.map(box => ({ ...box, target: targetOf(central, folder) }))
  for (const [i, box] of again.entries()) {
    for (const at of [1, 2]) t.same((await send(box, chains[i][at])).body, receipts[i][at])
    t.equal((await send(box, chains[i][i === 0 ? 4 : 3])).status, 200, 'and the chain goes on')
  }
  t.same((await send(again[0], shed)).body, shedReceipt)
  await central.close()

  // cut after it had its name: the old file is only removed
  writeFileSync(old, 'whatever is left of it')
  central = await startCentral({ folder })
  t.equal((await central.stats()).batches, after.batches + 2)
  t.notOk(existsSync(old))
  await central.close()
})

t.test('an old file that cannot be read is left alone, and said', async t => {
  const folder = join(temporaryFolder(t), 'central')
  await (await startCentral({ folder })).close()
  rmSync(join(folder, 'register.sqlite'))
  writeFileSync(join(folder, 'central.duckdb'), 'precious')
  await t.rejects(startCentral({ folder }), /central\.duckdb cannot be opened .* restore it from a backup/)
  t.equal(readFileSync(join(folder, 'central.duckdb'), 'utf8'), 'precious')
})
