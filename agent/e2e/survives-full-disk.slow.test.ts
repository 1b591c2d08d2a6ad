// A disk that fills up under the agent: it says so, goes on listening, keeps what it can in memory, and when there is
// room again everything is accounted for and what was kept arrives.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { foldLedger, readLedger } from '../ledger/ledger-files.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(600_000)
const mayMount = process.getuid?.() === 0
const skip = mayMount ? false : 'mounting a small disk needs root'

/** Takes all room that is left on the disk of a folder. */
function fill(folder: string): string {
  const path = join(folder, 'filler')
  for (const bytes of [65_536, 512]) untilFull(() => appendFileSync(path, Buffer.alloc(bytes)))
  return path
}

function untilFull(take: () => void): void {
  try {
    for (;;) take()
  } catch (error) {
    if (!isErrorWithCode(error, 'ENOSPC')) throw error
  }
}

/** Takes all inodes that are left: there is room, and no file can be made. */
function useUpInodes(folder: string): () => void {
  const made: string[] = []
  untilFull(() => {
    const path = join(folder, `inode-${made.length}`)
    writeFileSync(path, '', { flag: 'wx' })
    made.push(path)
  })
  return () => {
    for (const path of made) rmSync(path)
  }
}

type T = { teardown(done: () => unknown): unknown; equal(found: unknown, wanted: unknown): unknown }

/** A real disk with 64 inodes, of which few are left once a box lives on it. */
function mountExt4(dir: string, data: string): void {
  const file = join(dir, 'disk.img')
  execFileSync('truncate', ['-s', '8M', file])
  execFileSync('/sbin/mkfs.ext4', ['-q', '-F', '-m', '0', '-N', '64', '-b', '1024', '-J', 'size=1', file])
  execFileSync('mount', ['-o', 'loop', file, data])
}

const mountMemory = (_: string, data: string): void => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data])
}

/** An enrolled box whose data lies on a disk of 4 MiB. */
async function enrolledBox(t: T, mount = mountMemory) {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const { data } = pathsBelow(root)
  const central = await startCentral({ folder: join(dir, 'central') })
  t.teardown(() => central.close())
  mkdirSync(data, { recursive: true })
  mount(dir, data)
  t.teardown(() => execFileSync('umount', [data]))
  writeSettings(root, central)
  t.equal((await cyberalarm(root, 'enrol', await central.makeCode())).code, 0)
  return { root, data, central }
}

t.test('loses nothing that it does not count while the disk is full, and closes no listener', { skip }, async t => {
  const { root, data, central } = await enrolledBox(t)
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  let number = 0
  const send = (count: number) =>
    sendTcp(
      agent.tcpPort,
      Array.from({ length: count }, () => blockedLine(number++)),
    )

  await send(100)
  await until(agent.status, status => sums(status).sent === 100)
  const filler = fill(data)
  await send(100)
  const full = await until(agent.status, status => status.findings.some(({ code }) => code === 'disk-full'))
  t.match(full.findings.find(({ code }) => code === 'disk-full')?.advice, /^Free space on the disk/, 'says what to do')
  t.match(sums(full), { shed: 0, unaccounted: 0 }, 'what the disk did not take waits in memory')
  await send(100)
  const still = await until(agent.status, status => sums(status).received === 300)
  t.match(sums(still), { sent: 100, unaccounted: 0, shed: 0 })
  t.equal(sums(still).waiting + sums(still).spooled, 200)
  t.equal(agent.child.exitCode, null)

  rmSync(filler)
  const free = await until(agent.status, status => sums(status).sent === 300)
  t.match(sums(free), { received: 300, sent: 300, waiting: 0, spooled: 0, unaccounted: 0, shed: 0 })
  t.notOk(
    free.findings.some(({ code }) => code === 'disk-full'),
    'and the notice is gone',
  )
  t.equal((await central.stats()).rows, 300)
  t.ok([...readLedger(pathsBelow(root).ledger)].length > 6, 'the chain of the ledger holds')
})

t.test('a disk that stays full costs what does not fit into memory, and that is counted', { skip }, async t => {
  const { root, data, central } = await enrolledBox(t)
  const agent = await startAgent(root)
  const filler = fill(data)
  const lines = 90_000
  for (let from = 0; from < lines; from += 10_000)
    await sendTcp(
      agent.tcpPort,
      Array.from({ length: 10_000 }, (_, i) => blockedLine(from + i)),
    )
  const status = await until(agent.status, now => sums(now).received === lines, 60_000)
  t.ok(sums(status).shed > 0, `${sums(status).shed} of ${lines} events did not fit and are counted as shed`)
  t.equal(sums(status).unaccounted, 0)
  rmSync(filler)
  const kept = lines - sums(status).shed - sums(status).merged
  const free = await until(agent.status, now => sums(now).waiting + sums(now).spooled === 0, 60_000)
  t.match(sums(free), { sent: kept, unaccounted: 0 })
  t.equal((await central.stats()).rows, kept)
  await agent.kill('SIGTERM')
})

t.test('an agent that starts on a full disk listens, and keeps what the disk will take later', { skip }, async t => {
  const { root, data, central } = await enrolledBox(t)
  const before = await startAgent(root)
  await sendTcp(before.tcpPort, [blockedLine(0), blockedLine(1)])
  // a batch that is still to be removed would give its room to the next
  await until(before.status, status => sums(status).sent === 2 && status.queue.batches === 0)
  await before.kill('SIGKILL')
  const filler = fill(data)
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  await sendTcp(agent.tcpPort, [blockedLine(2), blockedLine(3)])
  const full = await until(agent.status, status => status.findings.some(({ code }) => code === 'disk-full'))
  t.match(sums(full), { sent: 2, shed: 0, unaccounted: 0 })
  rmSync(filler)
  const free = await until(agent.status, status => sums(status).sent === 4)
  t.match(sums(free), { received: 4, shed: 0, unaccounted: 0 })
  t.equal((await central.stats()).rows, 4)
})

const fillWhole = (folder: string) => {
  const filler = fill(folder)
  return () => rmSync(filler)
}

for (const [what, mount, use] of [
  ['memory without room', mountMemory, fillWhole],
  ['ext4 without room', mountExt4, fillWhole],
  ['ext4 without inodes', mountExt4, useUpInodes],
] as const)
  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    t.test(`${signal} on ${what}: what was in memory is counted, and \`status\` says it at once`, { skip }, async t => {
      const { root, data, central } = await enrolledBox(t, mount)
      const { ledger } = pathsBelow(root)
      const agent = await startAgent(root)
      t.teardown(() => agent.kill())
      await sendTcp(
        agent.tcpPort,
        Array.from({ length: 100 }, (_, i) => blockedLine(i)),
      )
      // a batch that is still to be removed would give its inode to the next
      await until(agent.status, status => sums(status).sent === 100 && status.queue.batches === 0)
      const free = use(data)
      const lines = 3000
      for (let from = 100; from < lines; from += 500)
        await sendTcp(
          agent.tcpPort,
          // by chance, so that they do not pack into what is left of the ledger's last block
          Array.from({ length: Math.min(500, lines - from) }, () => blockedLine(Math.floor(Math.random() * 1e9))),
        )
      await until(agent.status, status => sums(status).received === lines && status.findings.some(({ code }) => code === 'disk-full'))
      // a second later a kill loses nothing of it
      await until(
        () => foldLedger(ledger)?.totals.tcp.received,
        received => received === lines,
      )
      await agent.kill(signal)
      const told = await cyberalarm(root, 'status', '--json')
      t.equal(told.code, 3)
      t.match(sums(JSON.parse(told.out)), { received: lines, sent: 100, unaccounted: 0 }, 'with the disk still full')
      free()
      const again = await startAgent(root)
      t.teardown(() => again.kill())
      const status = await until(again.status, now => sums(now).waiting + sums(now).spooled === 0)
      const { sent, shed, merged } = sums(status)
      t.match(sums(status), { received: lines, unaccounted: 0 })
      // a last batch may just fit into the ledger's last block, and is then sealed again
      t.equal(sent + shed + merged, lines, `${sent} were sent, ${shed} are counted as shed`)
      t.equal((await central.stats()).rows, sent)
    })
