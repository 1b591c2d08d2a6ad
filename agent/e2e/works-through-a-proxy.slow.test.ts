// Where the way out is an HTTP proxy: everything goes through it, it sees nothing but TLS, and what it or central refuses for
// now waits in the spool for as long as they ask.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer, request } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { type Box, enrolBox, post, targetOf } from '../../central-stub/test-box.ts'
import { pathsBelow } from '../paths.ts'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { readIdentity } from '../uplink/identity.ts'

t.setTimeout(120_000)
t.jobs = 2
/** Where the box believes central to be; nothing listens there, and only the proxy knows better. */
const CENTRAL = 'localhost:9'
let number = 0
const lines = (count: number) => Array.from({ length: count }, () => blockedLine(number++))

interface Proxy {
  readonly url: string
  /** Where tunnels lead. */
  port: number
  /** Status to answer to CONNECT in place of a tunnel. */
  refuse: number
  /** Credentials to ask for, base64. */
  credentials: string
  /** What was asked for, and what went through, each way. */
  readonly targets: string[]
  readonly requests: string[]
  readonly upward: Buffer[][]
  readonly downward: Buffer[][]
}

async function startProxy(t: Test): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const follow = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((call, answer) => {
    proxy.requests.push(`${call.method} ${call.url}`)
    answer.writeHead(400).end()
  })
  server.on('connect', (call, client: Socket, head) => {
    follow(client)
    proxy.targets.push(String(call.url))
    const mayPass = proxy.credentials === '' || call.headers['proxy-authorization'] === `Basic ${proxy.credentials}`
    const refusal = proxy.refuse > 0 ? proxy.refuse : mayPass ? 0 : 407
    if (refusal > 0) {
      client.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const upward: Buffer[] = [head]
    const downward: Buffer[] = []
    proxy.upward.push(upward)
    proxy.downward.push(downward)
    const central = connect(proxy.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    follow(central)
    client.on('data', (chunk: Buffer) => upward.push(chunk))
    central.on('data', (chunk: Buffer) => downward.push(chunk))
    client.pipe(central).pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy: Proxy = { url, port: 0, refuse: 0, credentials: '', targets: [], requests: [], upward: [], downward: [] }
  return proxy
}

async function box(t: Test) {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const folder = join(dir, 'central')
  const central = await startCentral({ folder })
  t.teardown(() => central.close())
  const proxy = await startProxy(t)
  proxy.port = central.port
  const use = (url = proxy.url) => writeSettings(root, { url: `https://${CENTRAL}`, pins: central.pins }, { 'uplink.proxy': url })
  use()
  const run = async () => {
    const agent = await startAgent(root)
    t.teardown(() => agent.kill())
    return agent
  }
  return { root, folder, central, proxy, use, run }
}

/** Types of the TLS records that a stream consists of (RFC 8446 section 5.1), the last of which may be cut; undefined if it is no TLS. */
function recordTypes(stream: Buffer): number[] | undefined {
  const types: number[] = []
  for (let at = 0; at < stream.length; at += 5 + stream.readUInt16BE(at + 3)) {
    if (at + 5 > stream.length) break
    if (stream[at] < 20 || stream[at] > 23 || stream[at + 1] !== 3) return undefined
    types.push(stream[at])
  }
  return types
}

t.test('enrolment and batches go through the proxy, which sees CONNECT and TLS and nothing else', async t => {
  const { root, central, proxy, run } = await box(t)
  const code = await central.makeCode()
  t.match(await cyberalarm(root, 'enrol', code), { code: 0 })
  const agent = await run()
  const messages = lines(40)
  await sendTcp(agent.tcpPort, messages)
  const status = await until(agent.status, now => sums(now).sent === 40)
  t.equal(status.central.failure, null)
  t.equal((await central.stats()).rows, 40)
  await agent.kill('SIGTERM')
  t.same(proxy.requests, [], 'nothing was asked of the proxy itself')
  t.same([...new Set(proxy.targets)], [CENTRAL], 'and no tunnel to anywhere else')
  t.ok(proxy.upward.length >= 4, 'a look and a connection, for enrolment and for batches')
  for (const direction of [proxy.upward, proxy.downward])
    for (const chunks of direction) {
      const stream = Buffer.concat(chunks)
      t.equal(recordTypes(stream)?.[0], 22, 'it begins with a TLS handshake, and is TLS to its end')
      for (const secret of [
        code,
        code.replaceAll('-', ''),
        'HTTP/',
        'POST',
        '/v1/',
        'BEGIN CERT',
        'nextSequence',
        'signature',
        '203.0.113',
      ])
        t.equal(stream.indexOf(secret), -1, `'${secret}' is not in it`)
    }
})

t.test('a proxy that wants a password gets it from the settings, and status does not show it', async t => {
  const { root, central, proxy, use, run } = await box(t)
  proxy.credentials = Buffer.from('box:open sesame').toString('base64')
  const refused = await cyberalarm(root, 'enrol', await central.makeCode())
  t.match(refused, { code: 1, error: /answered 407.*\[proxy-refused\]/ })
  use(proxy.url.replace('//', '//box:open%20sesame@'))
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  const agent = await run()
  await sendTcp(agent.tcpPort, lines(5))
  await until(agent.status, now => sums(now).sent === 5)
  proxy.credentials = 'changed'
  await agent.kill('SIGTERM')
  const again = await run()
  await sendTcp(again.tcpPort, lines(5))
  const status = await until(again.status, now => now.central.failure !== null)
  t.equal(status.central.failure?.code, 'proxy-refused')
  t.notMatch(JSON.stringify(status) + again.log(), /sesame/)
})

t.test('a proxy that refuses is named in status, batches wait, and go when it opens', async t => {
  const { root, central, proxy, run } = await box(t)
  const code = await central.makeCode()
  t.match(await cyberalarm(root, 'enrol', code), { code: 0 })
  const agent = await run()
  let sent = 0
  for (const refusal of [403, 407]) {
    proxy.refuse = refusal
    await agent.kill('SIGTERM') // so that no tunnel of before is open
    const refused = await run()
    await sendTcp(refused.tcpPort, lines(5))
    const status = await until(refused.status, now => now.central.failure !== null && sums(now).spooled === 5)
    t.match(status.central.failure, { code: 'proxy-refused', detail: new RegExp(`answered ${refusal} to CONNECT ${CENTRAL}`) })
    t.match(status.findings, [{ code: 'proxy-refused', advice: /uplink\.proxy.*CONNECT/ }])
    t.equal((await central.stats()).rows, sent, 'nothing went another way')
    proxy.refuse = 0
    sent += 5
    const open = await until(refused.status, now => sums(now).sent === sent)
    t.match(open.central, { failure: null })
    await refused.kill('SIGTERM')
  }
})

t.test('a proxy that opens TLS gets no code and no batch', async t => {
  const { root, central, proxy, run } = await box(t)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  const own = await makeCertificate(['localhost'], new Date())
  let requests = 0
  const opened = createTlsServer({ cert: own.certificate, key: own.key, requestCert: true, rejectUnauthorized: false }, () => requests++)
  await new Promise<void>(resolve => opened.listen(0, '127.0.0.1', resolve))
  t.teardown(() => opened.close())
  proxy.port = (opened.address() as AddressInfo).port
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 1, error: /central-not-trusted/ })
  const agent = await run()
  await sendTcp(agent.tcpPort, lines(5))
  const status = await until(agent.status, now => now.central.failure !== null)
  t.match(status.central.failure, { code: 'central-not-trusted', advice: /proxy or firewall inspects TLS/ })
  t.match(sums(status), { spooled: 5 })
  t.equal(requests, 0)
})

/** Requests to central that were begun and are not ended: real load, as central counts it. Gives what ends them. */
async function occupy(port: number, boxes: readonly Pick<Box, 'key' | 'certificate'>[], each: number): Promise<() => void> {
  const calls = boxes.flatMap(({ key, certificate }) =>
    Array.from({ length: each }, () => {
      const call = request({
        ...{
          host: '127.0.0.1',
          port,
          path: '/v1/batches',
          method: 'POST',
          agent: false,
          servername: 'localhost',
          rejectUnauthorized: false,
        },
        headers: { 'content-type': 'application/octet-stream', 'content-length': 4 * 2 ** 20 },
        cert: certificate,
        key: key.export({ type: 'pkcs8', format: 'pem' }),
      })
      call.on('error', () => call.destroy())
      call.write(Buffer.alloc(2 ** 20)) // fast enough for half a minute
      return call
    }),
  )
  await Promise.all(calls.map(call => once(call, 'socket')))
  return () => calls.forEach(call => void call.destroy())
}

t.test('central that is busy is not asked again before it wants to be, and then gets everything', async t => {
  const { root, folder, central, run } = await box(t)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  const target = targetOf(central, folder)
  const others = []
  for (let i = 0; i < 12; i++) others.push(await enrolBox(target, await central.makeCode()))
  const identity = readIdentity(pathsBelow(root).identity)
  if (identity === undefined) throw new Error('the box has no identity')
  const itself = { key: identity.privateKey, certificate: identity.stored.certificate }
  const agent = await run()
  const cases = [
    { status: 429, code: 'device-busy', boxes: [itself], each: 8, seconds: 1 },
    { status: 429, code: 'member-busy', boxes: others, each: 1, seconds: 2 },
  ]
  let sent = 0
  for (const { status, code, boxes, each, seconds } of cases) {
    const end = await occupy(central.port, boxes, each)
    t.teardown(end)
    await until(
      async () => (await central.limits()).requests.devices,
      taken => taken === boxes.length * each,
    )
    const answer = await post(target, '/v1/batches', Buffer.from('x'), { identity: itself })
    t.match(answer, { headers: { 'retry-after': String(seconds) }, body: { code } }, 'central itself says so')
    await sendTcp(agent.tcpPort, lines(5))
    const busy = await until(agent.status, now => now.central.failure !== null)
    end()
    const { failure, retryAt } = busy.central
    t.match(failure, { code: 'central-busy', detail: new RegExp(`${status}`), advice: /by itself/ })
    t.ok(Date.parse(retryAt ?? '') - Date.parse(failure?.at ?? '') >= seconds * 1000, `waits ${seconds} s at least`)
    t.match(sums(busy), { spooled: 5, shed: 0 })
    sent += 5
    const after = await until(agent.status, now => sums(now).sent === sent)
    t.ok((after.central.lastReceiptAt ?? '') >= (retryAt ?? ''), 'and did not come before')
  }
  t.equal((await central.stats()).rows, sent)
})
