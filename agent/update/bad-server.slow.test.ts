// Servers that hold the pinned key and misbehave, and disks that fail or lose their power: what the box knows of updates is afterwards
// what it knew before, or what was verified since, and a connection never outlives its download.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { isErrorWithCode } from '../lib/durable-file.ts'
import { copyOf } from '../lib/state-file.ts'
import { pathsBelow } from '../paths.ts'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { failingDisk, Killed, type Trouble } from '../testing/failing-disk.ts'
import { openStages, type UpdateStage } from '../testing/update-stage.ts'
import { pinOf } from '../uplink/anchor.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import { findOffer } from './check.ts'
import type { DownloadLimits } from './fetch.ts'
import type { MetadataOptions } from './metadata.ts'

t.setTimeout(300_000)
const stages = await openStages(t.testdir(), t)
const own = await makeCertificate(['localhost'], new Date())
const limits: DownloadLimits = { floorBytes: 4096, floorMs: 700, wholeMs: 1500 }
const stateOf = (stage: UpdateStage) => pathsBelow(stage.box).updateMetadata

async function serve(t: Test, handler: (request: IncomingMessage, answer: ServerResponse) => void) {
  const server = createServer({ cert: own.certificate, key: own.key }, handler)
  const open = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => open.add(socket.once('close', () => open.delete(socket)).on('error', () => undefined)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const pins = [pinOf(new X509Certificate(own.certificate))]
  const client = await openCentral({ url: `https://localhost:${(server.address() as AddressInfo).port}`, pins, proxy: '' })
  t.teardown(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return { open, fetch: (path: string, ask: Parameters<typeof client.get>[1]) => client.get(`/v1/updates/${path}`, ask) }
}

/** The stage's box asks this server; nothing changes on its disk, and the server is left with no connection. */
async function refuses(t: Test, handler: (answer: ServerResponse) => void, code: string): Promise<void> {
  const stage = stages.next()
  await stage.check()
  const before = stage.onDisk()
  const { open, fetch } = await serve(t, (request, answer) => {
    if (request.url?.endsWith('timestamp.json')) handler(answer)
    else answer.writeHead(404).end()
  })
  const options: MetadataOptions = { fetch, state: stateOf(stage), root: stage.makers.rootBytes, limits }
  await t.rejects(findOffer(options, 'stable'), { code })
  t.same(stage.onDisk(), before, 'nothing on the disk has changed')
  for (let i = 0; open.size > 0 && i < 100; i++) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(open.size, 0, 'the connection is closed')
}

t.test('endless data: with and without a length', async t => {
  const pour = (answer: ServerResponse) => {
    answer.on('error', () => undefined)
    const more = () => {
      while (!answer.destroyed && answer.write(Buffer.alloc(65_536, 0x20)));
      if (!answer.destroyed) answer.once('drain', more)
    }
    more()
  }
  await refuses(t, pour, 'central-unreachable')
  await refuses(t, answer => pour(answer.writeHead(200, { 'content-length': 2 ** 40 })), 'central-unreachable')
})

t.test('slow retrieval: a byte at a time, nothing at all, and just fast enough for ever', async t => {
  const drip = (bytes: number, ms: number) => (answer: ServerResponse) => {
    const timer = setInterval(() => answer.write(Buffer.alloc(bytes, 0x20)), ms)
    answer.on('close', () => clearInterval(timer)).on('error', () => undefined)
  }
  await refuses(t, drip(1, 50), 'update-too-slow')
  await refuses(t, () => undefined, 'update-too-slow')
  await refuses(t, drip(2100, 300), 'update-too-slow')
})

t.test('answers that are no file: refusals, nonsense, and a redirect to elsewhere', async t => {
  await refuses(t, answer => answer.writeHead(503).end(), 'central-busy')
  await refuses(t, answer => answer.writeHead(307, { location: 'https://localhost:9/' }).end(), 'central-refused')
  await refuses(t, answer => answer.end('<html>'), 'update-refused')
  await refuses(t, answer => answer.end('{}'), 'update-refused')
  await refuses(t, answer => answer.destroy(), 'central-unreachable')
})

t.test('what a killed check left behind is cleared away, and that of a check that runs is left alone', async t => {
  const stage = stages.next()
  await stage.check()
  const folder = dirname(stateOf(stage))
  for (const name of ['working-old', 'working-new']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'root.json'), 'half of i')
  }
  utimesSync(join(folder, 'working-old'), 1, 1)
  t.match(await stage.check(), { code: '' })
  t.same(
    readdirSync(folder).filter(name => name.startsWith('working-')),
    ['working-new'],
  )
})

const mayMount = process.getuid?.() === 0
t.test('a full disk: said as such, and nothing that was known is lost', { skip: mayMount ? false : 'mounting needs root' }, async t => {
  const stage = stages.next()
  await stage.check()
  const folder = dirname(stateOf(stage))
  const known = stage.onDisk()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', folder])
  try {
    for (const [name, text] of Object.entries(known)) writeFileSync(join(folder, name), text)
    stage.makers.release(3, '0.3.0', 1000)
    stage.offer(3)
    // 4 KiB less each time, so that another write is the one that does not fit
    for (let free = 0; free < 64; free += 4) {
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(join(folder, 'others'), Buffer.alloc(Math.max(0, bavail * bsize - free * 1024)))
      const said = await stage.check()
      rmSync(join(folder, 'others'))
      if (said.code === '') t.match(said.text, /"number":3,/)
      else t.equal(said.code, 'disk-full', said.text)
    }
    t.match(await stage.check(), { code: '', text: /"number":3,[\s\S]*"notices":\[\]/ })
  } finally {
    execFileSync('umount', [folder])
  }
})

t.test('a damaged file of metadata is taken from its copy; with both gone, all begins anew from the root of the installation', async t => {
  const stage = stages.next()
  await stage.check()
  const path = stateOf(stage)
  const whole = readFileSync(path)
  const torn: Record<string, (path: string) => void> = {
    gone: path => rmSync(path),
    empty: path => writeFileSync(path, ''),
    'half of it': path => writeFileSync(path, whole.subarray(0, whole.length >> 1)),
    'a flipped bit': path => writeFileSync(path, Buffer.from(whole).fill(0, 900, 901)),
    'a folder': path => {
      rmSync(path)
      mkdirSync(path)
    },
  }
  for (const [what, tear] of Object.entries(torn)) {
    for (const place of [path, copyOf(path)]) {
      tear(place)
      t.match(await stage.check(), { code: '' }, what)
      for (const one of [path, copyOf(path)])
        t.same([readFileSync(one), statSync(one).mode & 0o777], [whole, 0o644], 'both are whole again, and nothing was forgotten')
    }
    tear(path)
    tear(copyOf(path))
    t.match(await stage.check(), { code: '', text: what === 'gone' ? /"notices":\[\]/ : /begun anew from the root/ }, what)
    t.ok(readFileSync(path).equals(whole))
  }
})

/** One check on a disk that meets `trouble` at call `at`; false if there is no such call. */
async function checkWith(t: Test, stage: UpdateStage, at: number, trouble: Trouble): Promise<boolean> {
  disk.arm(at, trouble)
  const outcome = await stage.check().catch(error => error)
  const call = disk.calls[at]
  disk.disarm()
  if (call === undefined) return false
  if (outcome instanceof Error && !(outcome instanceof Killed)) t.ok(isErrorWithCode(outcome), `${call}: ${outcome.stack}`)
  return true
}
const disk = failingDisk()

t.test('power cut, full disk or error at each write of metadata: old or new, and never older', async t => {
  const stage = stages.next()
  await stage.check()
  const old = stage.onDisk()
  const kept = stage.keep('old')
  stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  for (const trouble of ['killed', 'torn', 'ENOSPC', 'EIO'] as const) {
    let at = 0
    for (; at < 100; at++) {
      for (const [name, text] of Object.entries(old)) writeFileSync(join(dirname(stateOf(stage)), name), text)
      if (!(await checkWith(t, stage, at, trouble))) break
      const isNew =
        /0\.3\.0|"release": 3|3\.targets/.test(readFileSync(stateOf(stage), 'utf8')) ||
        !Object.values(old).includes(readFileSync(stateOf(stage), 'utf8'))
      if (isNew) {
        stage.show(kept)
        t.match(await stage.check(), { code: 'update-refused' }, `${trouble} at ${at}: what is new stays known`)
        stage.show()
      }
      t.match(await stage.check(), { code: '', text: /"number":3,/ }, `${trouble} at ${at}: goes on`)
    }
    t.ok(at >= 8, `${trouble}: ${at} calls were tried`)
  }
})
