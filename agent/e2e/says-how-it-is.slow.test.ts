// What is wrong with a box is said in the same words by `status`, on its console, and at central; Prometheus gets the numbers. The
// checks of gateways and messages are made true for real: a firewall that stops, one that nobody can read, one whose clock is wrong,
// messages that are too long, and datagrams that the kernel drops.
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { overview } from '../../appliance/box/console/flow.ts'
import { readFacts } from '../../appliance/box/console/read-facts.ts'
import { textOf } from '../../appliance/box/console/test-facts.ts'
import { view } from '../../appliance/box/console/view.ts'
import { startCentral } from '../../central-stub/central.ts'
import { boxesText } from '../../central-stub/operator/boxes.ts'
import { scrape } from '../health/metrics-socket.ts'
import { statusSchema } from '../health/status-schema.ts'
import { askStatus } from '../health/status-socket.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { checkOf, healthBox, whenCheck } from '../testing/health-box.ts'
import { holdSockets } from '../testing/held-sockets.ts'

t.setTimeout(300_000)
t.jobs = 3

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'

t.test(
  'status, console and central say the same of a gateway that cannot be read, whose clock is wrong, and of what is too long',
  async t => {
    const central = await startCentral({ folder: join(temporaryFolder(t), 'central') })
    t.teardown(() => central.close())
    // a folder without /proc and /sys: nothing of the machine that the test runs on
    const box = healthBox(t, { central, machine: {} })
    await cyberalarm(box.root, 'enrol', await central.makeCode())
    const agent = await box.start()
    await sendTcp(agent.tcpPort, [
      ...Array.from({ length: 300 }, (_, i) => blockedLine(i)),
      ...Array.from({ length: 400 }, (_, i) => `<13>nothing that any product says ${i}`),
      ...Array.from({ length: 20 }, () => 'x'.repeat(70_000)),
    ])
    await whenCheck(agent, 'gateway-unread', 'bad')
    const status = await agent.status()
    const wrong = ['gateway-unread', 'gateway-clock', 'messages-refused']
    const found = status.findings.filter(({ code }) => wrong.includes(code))
    t.same(found.map(({ code }) => code).sort(), [...wrong].sort())

    // a report goes out with the next exchange, once a minute at most: at the end of this minute it has all
    await until(
      async () => {
        await sendTcp(agent.tcpPort, [blockedLine(1000 + Math.floor(Math.random() * 60_000))])
        await sleep(2000)
        return (await central.boxes())[0]?.findings.map(({ code }) => code) ?? []
      },
      codes => wrong.every(code => codes.includes(code)),
      120_000,
    )
    const [look] = await central.boxes()
    t.equal(look.state, 'bad')
    const page = textOf(view(overview, { ...(await readFacts(box.root)), now: Date.now() }, { columns: 200, rows: 80 })).replace(
      /\s+/g,
      ' ',
    )
    const text = (await cyberalarm(box.root, 'status')).out
    const atCentral = boxesText([look], Date.now())
    for (const { code } of found) {
      const said = look.findings.find(one => one.code === code)
      if (said === undefined) throw new Error(code)
      // a number may have grown between two questions: the words are the same
      const words = new RegExp(said.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\d+(\\\.\d+)?/g, '[\\d.]+'))
      for (const [where, all] of Object.entries({ text, page, atCentral })) {
        t.match(all, words, `${where}: ${said.text}`)
        t.ok(all.includes(said.advice.slice(0, 80)), `${where}: what to do`)
      }
    }
    t.notMatch(JSON.stringify(look), /127\.0\.0\.1/, 'no address leaves the box')
    t.ok(Math.abs(Date.parse(String(status.central.lastAnswerAt)) - Date.now()) < 120_000)
  },
)

t.test('Prometheus reads the numbers from a socket, and nothing else is answered there', async t => {
  const box = healthBox(t)
  const agent = await box.start()
  const { metricsSocket } = pathsBelow(box.root)
  const answer = await scrape(metricsSocket)
  const [head, body] = answer.split('\r\n\r\n')
  t.match(head, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain; version=0\.0\.4/)
  const { health } = await agent.status()
  for (const { check } of health) t.match(body, `cyberalarm_health_level{check="${check}"} `)
  for (const line of body.trimEnd().split('\n'))
    t.match(line, /^(# (HELP|TYPE) cyberalarm_\w+ .+|cyberalarm_\w+(\{\w+="[^"\\\n]*"(,\w+="[^"\\\n]*")*\})? -?[\d.e+]+)$/)
  t.match(await scrape(metricsSocket, 'GET /status HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 404 /)
  t.match(await scrape(metricsSocket, 'POST /metrics HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 405 /)
  t.match(await scrape(metricsSocket, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
  t.match(await scrape(metricsSocket, `GET /metrics HTTP/1.1\r\nx: ${'x'.repeat(9000)}`), /^HTTP\/1\.1 431 /)
  const parser =
    'import sys; from prometheus_client.parser import text_string_to_metric_families as p; print(sum(len(f.samples) for f in p(sys.stdin.read())))'
  const python = spawnSync('python3', ['-c', parser], { input: body, encoding: 'utf8' })
  if (python.status === 0) t.equal(Number(python.stdout), body.split('\n').filter(line => line !== '' && !line.startsWith('#')).length)
  else t.comment('not read by a parser of Prometheus: prometheus_client is not there')
})

t.test('datagrams that the kernel drops, because the agent stands still', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined)
  const held = await holdSockets(t, root)
  const agent = await held.start()
  process.kill(agent, 'SIGSTOP')
  const socket = createSocket('udp4')
  const bytes = Buffer.alloc(1200, '<13>x')
  // the buffer takes some 29,000 of this size
  for (let i = 0; i < 40_000; i++) await new Promise<void>(resolve => socket.send(bytes, held.udpPort, '127.0.0.1', () => resolve()))
  socket.close()
  process.kill(agent, 'SIGCONT')
  const status = await until(
    async () => statusSchema.parse(await askStatus(pathsBelow(root).statusSocket)),
    one => checkOf(one, 'kernel-lost')?.level === 'bad',
    60_000,
  )
  t.match(status.findings.find(({ code }) => code === 'kernel-lost')?.detail, /^The kernel dropped [\d,]+ messages in the last 10 minutes/)
})

t.test(
  'a firewall that stops is missed by its own rhythm',
  { skip: existsSync(faketime) ? false : 'needs libfaketime (apt-get install faketime)' },
  async t => {
    const central = await startCentral({ folder: join(temporaryFolder(t), 'central') })
    t.teardown(() => central.close())
    const box = healthBox(t, { central, machine: {} })
    const shift = join(box.root, 'shift')
    const setClock = (minutes: number) => writeFileSync(shift, `+${minutes * 60}s\n`)
    setClock(0)
    // the number of a gateway is kept with the first batch
    await cyberalarm(box.root, 'enrol', await central.makeCode())
    const preload = ['env', `LD_PRELOAD=${faketime}`, `FAKETIME_TIMESTAMP_FILE=${shift}`, 'FAKETIME_NO_CACHE=1', 'DONT_FAKE_MONOTONIC=1']
    const agent = await box.start({ inside: preload })
    const lines = Array.from({ length: 100 }, (_, i) => blockedLine(i))
    const seen = () => sendTcp(agent.tcpPort, lines)
    // the agent looks at its gateways every ten seconds: messages now, after half an hour, and after an hour and a half
    for (const minutes of [0, 30, 90]) {
      setClock(minutes)
      await seen()
      await sleep(11_000)
    }
    t.match(checkOf(await agent.status(), 'gateway-silent'), { level: 'ok' })
    setClock(90 + 5 * 60)
    t.match(
      await whenCheck(agent, 'gateway-silent', 'warn'),
      /A gateway has been silent for 5 h, which is unusual at this hour: gateway 1 \(127\.0\.0\.1\)/,
    )
    setClock(90 + 14 * 60)
    t.match(await whenCheck(agent, 'gateway-silent', 'bad'), /silent for 14 h/)
    t.equal((await agent.status()).gateways[0]?.level, 'bad')
    await agent.kill('SIGTERM')
    const again = await box.start({ inside: preload })
    t.match(await whenCheck(again, 'gateway-silent', 'bad'), /silent for 14 h/, 'a box that starts anew knows whom it misses')
  },
)
