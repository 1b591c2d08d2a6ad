import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openFolder, socketPath } from '../folder.ts'
import { openKeys, openServerKey } from './keys.ts'

const DAY_MS = 86_400_000
const now = Date.now()

t.test('makes keys once, for nobody else to read, and reads them from then on', async t => {
  const folder = join(t.testdir(), 'central')
  openFolder(folder)
  const first = await openKeys(folder, now)
  const second = await openKeys(folder, now + DAY_MS)
  t.match(first.pins, [/^sha256\/[A-Za-z0-9+/]{43}=$/])
  t.same(second.pins, first.pins)
  t.same(second.seal, first.seal)
  t.same(second.receipt.publicKey, first.receipt.publicKey)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
})

t.test('a first start that was cut short goes on from any point, with the keys that were whole', async t => {
  const folder = join(t.testdir(), 'central')
  openFolder(folder)
  const { pins } = await openKeys(folder, now)
  for (const [lost, kept] of [
    ['receipt.pem', 'seal.json'],
    ['seal.json', 'authority.pem'],
  ] as const) {
    for (const name of [lost, `${lost}.copy`]) rmSync(join(folder, name))
    writeFileSync(join(folder, `${lost}.draft`), '-----BEGIN PRIV')
    const before = readFileSync(join(folder, kept))
    openFolder(folder)
    t.same((await openKeys(folder, now)).pins, pins)
    t.same(readFileSync(join(folder, kept)), before)
  }
})

t.test('refuses to make a new authority where devices depend on a lost one', async t => {
  const folder = join(t.testdir(), 'central')
  openFolder(folder)
  await openKeys(folder, now)
  writeFileSync(join(folder, 'central.duckdb'), '')
  for (const name of ['authority.pem', 'seal.json', 'receipt.pem']) {
    const text = readFileSync(join(folder, name))
    for (const each of [name, `${name}.copy`]) rmSync(join(folder, each))
    await t.rejects(openKeys(folder, now), { message: /is missing: restore it from a backup/ })
    t.notOk(readdirSync(folder).includes(name), 'nothing was made')
    writeFileSync(join(folder, name), text)
  }
})

t.test('the server certificate is made anew when it must be, and the pin stays', async t => {
  const folder = join(t.testdir(), 'central')
  openFolder(folder)
  const { authority, pins } = await openKeys(folder, now)
  const serialAt = async (name: string, at: number) =>
    new X509Certificate((await openServerKey(folder, authority, name, at)).chain).serialNumber
  const first = await serialAt('localhost', now)
  t.equal(await serialAt('localhost', now + 300 * DAY_MS), first)
  t.not(await serialAt('localhost', now + 380 * DAY_MS), first, 'it would end in 17 days')
  const other = await serialAt('central.example', now + 380 * DAY_MS)
  t.equal(await serialAt('central.example', now + 380 * DAY_MS), other)
  const { chain } = await openServerKey(folder, authority, '2001:db8::1', now)
  const [leaf, signer] = chain.split(/(?<=-----END CERTIFICATE-----)\n/).map(pem => (pem === '' ? undefined : new X509Certificate(pem)))
  t.match(leaf?.subjectAltName, /IP Address:2001:DB8:0:0:0:0:0:1, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1/)
  t.ok(signer && leaf?.verify(signer.publicKey), 'the chain carries the authority that boxes pin')
  t.same((await openKeys(folder, now)).pins, pins)
})

t.test('certificates that a wrong clock has dated are made anew, whichever way it was wrong, and the pin stays', async t => {
  for (const wrong of [now + 400 * DAY_MS, 0]) {
    const folder = join(t.testdir(), String(wrong))
    openFolder(folder)
    const first = await openKeys(folder, wrong)
    await openServerKey(folder, first.authority, 'localhost', wrong)
    const { authority, pins } = await openKeys(folder, now)
    t.same(pins, first.pins)
    t.same((await openKeys(folder, now)).authority.certificate, authority.certificate, 'once')
    const { chain } = await openServerKey(folder, authority, 'localhost', now)
    for (const pem of chain.split(/(?<=-----END CERTIFICATE-----)\n/).slice(0, 2)) {
      const { validFromDate, validToDate } = new X509Certificate(pem)
      t.ok(validFromDate.getTime() <= now && validToDate.getTime() > now + 300 * DAY_MS, `${validFromDate} to ${validToDate}`)
    }
  }
})

t.test('does not take a folder that is in use for something else', async t => {
  const folder = t.testdir({ 'holiday.jpg': 'not a key' })
  chmodSync(folder, 0o755)
  t.throws(() => openFolder(folder), { message: /not central's/ })
  t.equal(statSync(folder).mode & 0o777, 0o755, 'it is left as it was')
  mkdirSync(join(folder, 'empty'), { mode: 0o755 })
  openFolder(join(folder, 'empty'))
  t.equal(statSync(join(folder, 'empty')).mode & 0o777, 0o700)
})

t.test('says so when the path of the socket is too long for the kernel', async t => {
  t.throws(() => socketPath(`/${'long/'.repeat(30)}`), { message: /shorter path/ })
})
