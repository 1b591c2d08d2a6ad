// `cyberalarm update --check` as a person meets it: a process, through a proxy or not, and sentences that say why the box waits.
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { promote, setPaused } from '../../scripts/updates/channels.ts'
import { pathsBelow } from '../paths.ts'
import { cyberalarm, spawnCyberalarm, startAgent, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { whenCheck } from '../testing/health-box.ts'
import { madeIdentity } from '../testing/made-identity.ts'
import { HOUR_MS, openStages } from '../testing/update-stage.ts'
import { writeIdentity } from '../uplink/identity.ts'

t.setTimeout(120_000)
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const stages = await openStages(t.testdir(), t)
const { central } = stages

t.test('says in plain words what is offered and why the box waits', async t => {
  const stage = stages.next()
  const { makers, box } = stage
  const says = async (pattern: RegExp, code = 0) => {
    const { code: ended, out, error } = await cyberalarm(box, 'update', '--check')
    t.equal(ended, code, error)
    t.match(code === 0 ? out : error, pattern)
  }
  await says(
    /running +\d+\.\d+\.\d+ \(release 1\)\noffered +0\.2\.0 \(release 2\) on channel stable, signed by the makers, 1 MiB\nVersion 0\.2\.0 is there: update the package cyberalarm\./,
  )
  t.match(JSON.parse((await cyberalarm(box, 'update', '--check', '--json')).out), {
    running: { number: 1 },
    channel: 'stable',
    environment: 'production',
    offered: { version: '0.2.0', number: 2, bytes: 2000 },
    decision: { kind: 'now' },
    notices: [],
  })
  const hour = new Date(Date.now() + 2 * HOUR_MS).getUTCHours()
  const window = `${String(hour).padStart(2, '0')}:00-${String((hour + 1) % 24).padStart(2, '0')}:00`
  writeSettings(box, central, { 'update.window': window })
  await says(/It waits for its window, which opens on \d{4}-\d\d-\d\d at \d\d:00 UTC\./)
  writeSettings(box, central, { 'update.pin': '0.1.0' })
  await says(/stays with version 0\.1\.0, because update\.pin says so/)
  writeSettings(box, central, { 'update.channel': 'beta' })
  await says(/central offers no channels\/beta\.json \[update-none\]\n {2}Nothing to do/, 1)
  writeSettings(box, central)
  setPaused(makers.repository, 'stable', true, makers.online('channels'), makers.now)
  makers.publish()
  stage.show()
  await says(/The makers have paused this release\. The box waits\./)
  const waves = [{ hours: 100, places: 10_000 }]
  promote(
    makers.repository,
    { channel: 'stable', release: 2, notBefore: makers.now, waves, minFrom: 0 },
    makers.online('channels'),
    makers.now,
  )
  makers.publish()
  stage.show()
  await says(/It is the turn of this box on \d{4}-\d\d-\d\d at \d\d:\d\d UTC\. A box that is not enrolled comes last\./)
  mkdirSync(pathsBelow(box).data, { recursive: true })
  writeIdentity(pathsBelow(box).identity, (await madeIdentity()).stored)
  await says(/It is the turn of this box on [^.]*\.\n$/)
})

t.test('says what is missing', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'update', '--check'), { code: 1, error: /update-root\.json \[update-not-set-up\]\n.*apt or dnf/ })
  const stage = stages.next()
  writeSettings(stage.box, undefined)
  t.match(await cyberalarm(stage.box, 'update', '--check'), { code: 1, error: /\[central-not-set\]/ })
  writeSettings(stage.box, { url: central.url, pins: [`sha256/${Buffer.alloc(32).toString('base64')}`] })
  t.match(await cyberalarm(stage.box, 'update', '--check'), { code: 1, error: /\[central-not-trusted\]/ })
})

t.test('goes through a proxy, as everything does, and works in the release as well', async t => {
  const targets: string[] = []
  const proxy = createServer((_request, answer) => answer.writeHead(400).end())
  proxy.on('connect', (call, client: Socket) => {
    targets.push(String(call.url))
    const onward = connect(central.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const socket of [client, onward]) socket.on('error', () => socket.destroy())
    client.pipe(onward).pipe(client)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const stage = stages.next()
  const uplink = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  // nothing listens there: only the proxy knows better
  writeSettings(stage.box, { url: 'https://localhost:9', pins: central.pins }, { 'uplink.proxy': uplink })
  t.match(await cyberalarm(stage.box, 'update', '--check'), { code: 0, out: /offered +0\.2\.0/ })
  t.ok(targets.length > 5 && targets.every(target => target === 'localhost:9'), targets.join())
  const child = spawnCyberalarm(['update', '--check', '--root', stage.box], { isRelease: true })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  const [code] = await once(child, 'close')
  t.match({ code, out }, { code: 0, out: /offered +0\.2\.0/ })
})

t.test('two at once: the second says so and changes nothing, and one that was killed is in nobody’s way', async t => {
  const { box } = stages.next()
  t.match(await cyberalarm(box, 'update', '--check'), { code: 0 })
  const calls: Socket[] = []
  const silent = createServer()
  silent.on('connect', (_call, client: Socket) => calls.push(client.on('error', () => client.destroy())))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const each of calls) each.destroy()
    silent.close()
  })
  writeSettings(box, central, { 'uplink.proxy': `http://127.0.0.1:${(silent.address() as AddressInfo).port}` })
  const first = spawnCyberalarm(['update', '--root', box])
  await until(
    () => calls.length,
    count => count === 1,
  )
  writeSettings(box, central)
  const { updates } = pathsBelow(box)
  const before = readdirSync(updates)
  for (const words of [[], ['--check']])
    t.match(await cyberalarm(box, 'update', ...words), {
      code: 1,
      out: '',
      error: /another `cyberalarm update` runs on this box \[update-running\]\n {2}Nothing to do: wait until the other one has ended\./,
    })
  t.match(await cyberalarm(box, 'update', '--check', '--offline'), { code: 0 }, 'who only reads what is kept need not wait')
  t.same(readdirSync(updates), before)
  first.kill('SIGKILL')
  await once(first, 'close')
  t.match(await cyberalarm(box, 'update', '--check'), { code: 0, out: /offered +0\.2\.0/ })
  t.same(readdirSync(updates).sort(), ['lock', 'metadata.json', 'metadata.json.copy'])
  t.equal(statSync(join(updates, 'lock')).size, 0)
})

t.test(
  'a box that has not looked for four days says so, and which release it knew of',
  { skip: existsSync(faketime) ? false : 'needs libfaketime (apt-get install faketime)' },
  async t => {
    const box = join(temporaryFolder(t), 'box')
    // a socket has no room for the name of the other folder
    cpSync(stages.next().box, box, { recursive: true })
    t.match(await cyberalarm(box, 'update'), { code: 0 })
    const later = ['env', `LD_PRELOAD=${faketime}`, 'FAKETIME=+4d', 'DONT_FAKE_MONOTONIC=1']
    const agent = await startAgent(box, { inside: later })
    t.teardown(() => agent.kill())
    const said = await whenCheck(agent, 'update-metadata', 'warn')
    t.match(said, /The box has not been able to look for updates for 4 days \[update-check-old\]/)
    t.match(said, /There is an update that this box has not taken: CyberAlarm 0\.2\.0 is there; this machine has .* \[update-available\]/)
  },
)
