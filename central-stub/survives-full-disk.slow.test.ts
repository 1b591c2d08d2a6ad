// A disk that fills up under central, in real processes on a small file system: it says so, ends nothing, keeps every batch
// with a receipt, and goes on when there is room.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type CentralProcess, startCentralProcess } from '../agent/testing/central-process.ts'
import { temporaryFolder, until } from '../agent/testing/harness.ts'
import { startCentral } from './central.ts'
import { askAdmin } from './operator/admin.ts'
import type { LimitsReport } from './operator/stats.ts'
import { packRandom } from './test-attacks.ts'
import { type Box, enrolBox, makeBatch, type Sent, send, targetOf, zeroHash } from './test-box.ts'

t.setTimeout(600_000)
const mayMount = process.getuid?.() === 0
const skip = mayMount ? false : 'mounting a small disk needs root'
const MIB = 1024 * 1024

/** A file system of its own; central's folder on it. */
function smallDisk(t: { teardown(done: () => unknown): unknown }, mib: number) {
  const dir = temporaryFolder(t)
  const [image, disk] = [join(dir, 'image'), join(dir, 'disk')]
  mkdirSync(disk)
  writeFileSync(image, '')
  truncateSync(image, mib * MIB)
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image])
  execFileSync('mount', ['-o', 'loop', image, disk])
  t.teardown(() => execFileSync('umount', ['-l', disk]))
  const filler = join(disk, 'filler')
  return {
    folder: join(disk, 'central'),
    /** Another program takes all but so much. */
    leave: (bytes: number) => {
      rmSync(filler, { force: true })
      const { bavail, bsize } = statfsSync(disk)
      for (const size of [bavail * bsize - bytes, 64 * 1024]) {
        try {
          writeFileSync(filler, Buffer.alloc(Math.max(0, size)), { flag: 'a' })
        } catch (error) {
          // blocks of the file system itself were counted as free
          if (bytes > 0 || !(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        }
        if (bytes > 0) return
      }
    },
    free: () => rmSync(filler),
  }
}

/** A box that sends its batches one after the other. */
class Sender {
  box: Box
  readonly receipted: Sent[] = []
  private next: Promise<Sent>
  private readonly packed: Uint8Array | undefined

  constructor(box: Box, packed?: Uint8Array) {
    this.box = box
    this.packed = packed
    this.next = this.make()
  }

  private make(): Promise<Sent> {
    const options = this.packed === undefined ? {} : { packed: this.packed }
    return makeBatch(this.box, this.receipted.length + 1, this.receipted.at(-1)?.hash ?? zeroHash, options)
  }

  /** 'receipt', or status, code and wait. */
  async send(): Promise<string> {
    const batch = await this.next
    const { status, body, headers } = await send(this.box, batch)
    if (status !== 200) return `${status} ${body.code} ${headers['retry-after']}`
    this.receipted.push(batch)
    this.next = this.make()
    return 'receipt'
  }
}

const limitsOf = async (folder: string) => (await askAdmin(folder, { ask: 'limits' })) as LimitsReport
const sendersOn = async (
  central: CentralProcess,
  folder: string,
  members: readonly string[],
  packed: readonly (Uint8Array | undefined)[],
) => {
  const target = targetOf({ port: Number(new URL(central.url).port) }, folder)
  const codes = await Promise.all(members.map(async member => String(await askAdmin(folder, { ask: 'code', member, hours: 1 }))))
  return Promise.all(codes.map(async (code, i) => new Sender(await enrolBox(target, code), packed[i])))
}

t.test('one member that fills the disk has to wait before it is full, and the others go on', { skip }, async t => {
  const { folder, leave, free } = smallDisk(t, 256)
  const central = await startCentralProcess(folder)
  t.teardown(() => central.kill())
  const [greedy, other] = await sendersOn(central, folder, ['greedy', 'other'], [await packRandom(32_768), undefined])
  leave(2 * 64 * MIB + 20 * MIB)
  const refused = await until(
    () => greedy.send(),
    answer => answer !== 'receipt',
    200_000,
  )
  t.equal(refused, '503 central-scarce 600')
  t.ok(greedy.receipted.length > 0, `the greedy one stored ${greedy.receipted.length} batches of 32,768 rows in 20 MiB`)
  for (let i = 0; i < 5; i++) t.equal(await other.send(), 'receipt')
  leave(10 * MIB)
  t.equal(await other.send(), '503 central-full 60', 'what is left is the reserve')
  t.match(await limitsOf(folder), { disk: { room: 'none' }, refusals: { 'central-scarce': 1, 'central-full': 1 } })
  t.equal(await askAdmin(folder, { ask: 'revoke', device: greedy.box.device }), 1, 'the operator may use it')
  free()
  t.equal(await other.send(), 'receipt')
  t.equal(central.child.exitCode, null)
})

t.test('when the database meets a full disk, central goes on without a restart; killed meanwhile, it starts', { skip }, async t => {
  const { folder, leave, free } = smallDisk(t, 128)
  const options = ['--reserve-mib', '1']
  let central = await startCentralProcess(folder, 0, { options })
  t.teardown(() => central.kill())
  const senders = await sendersOn(central, folder, ['a', 'b'], [await packRandom(32_768), undefined])
  const [large, small] = senders
  const receiptsOfAll = async () => {
    for (const sender of senders)
      await until(
        () => sender.send(),
        answer => answer === 'receipt',
      )
  }
  // DuckDB writes its log back at 16 MiB, which cannot end well on the rest: then it gives the file up
  leave(19 * MIB)
  const full = await until(
    () => large.send(),
    answer => answer !== 'receipt',
    200_000,
  )
  t.equal(full, '503 central-full 60')
  await until(
    () => limitsOf(folder),
    ({ disk }) => disk.openings > 1,
  )
  t.equal(central.child.exitCode, null)
  free()
  await receiptsOfAll()

  leave(0)
  t.equal(await small.send(), '503 central-full 60')
  t.equal((await limitsOf(folder)).disk.room, 'none', 'and it answers the operator')
  await central.kill()
  central = await startCentralProcess(folder, 0, { options })
  const target = targetOf({ port: Number(new URL(central.url).port) }, folder)
  for (const sender of senders) sender.box = { ...sender.box, target }
  t.equal(await small.send(), '503 central-full 60', 'it starts on a full disk, and says why it stores nothing')
  free()
  await receiptsOfAll()
  await central.kill()
  const after = await startCentral({ folder, reserveBytes: 1 })
  const { perDevice, rows } = await after.stats()
  t.same(
    senders.map(({ box }) => perDevice.find(({ device }) => device === box.device)?.sequence),
    senders.map(({ receipted }) => receipted.length),
    'nothing with a receipt is lost, and nothing is there that has none',
  )
  t.equal(rows, large.receipted.length * 32_768 + small.receipted.length * 3)
  t.equal((await after.stats()).events, large.receipted.length * 32_768 + small.receipted.length * 6)
  await after.close()
})

t.test('on a disk without a byte what the operator asks is done or refused, and central goes on', { skip }, async t => {
  const { folder, leave, free } = smallDisk(t, 64)
  const central = await startCentralProcess(folder, 0, { options: ['--reserve-mib', '1'] })
  t.teardown(() => central.kill())
  const names = Array.from({ length: 6 }, (_, i) => `member ${i}`)
  const senders = await sendersOn(
    central,
    folder,
    names,
    names.map(() => undefined),
  )
  leave(0)
  const failed: string[] = []
  const ask = (request: Parameters<typeof askAdmin>[1]) =>
    askAdmin(folder, request).catch((error: Error) => void failed.push(error.message))
  for (const { box } of senders) {
    await ask({ ask: 'revoke', device: box.device })
    for (let i = 0; i < 10; i++) await ask({ ask: 'code', member: 'another', hours: 1 })
  }
  t.same([...new Set(failed)], ['The disk of central is full: try again later.'])
  t.equal(central.child.exitCode ?? central.child.signalCode, null)
  free()
  await until(
    () => askAdmin(folder, { ask: 'revoke', device: senders[5].box.device }).catch(String),
    answer => answer === 1 || answer === 0,
  )
  t.equal(await senders[5].send(), '403 certificate-revoked undefined')
})
