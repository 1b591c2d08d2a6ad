// A central that was taken over has the key that is pinned and the key of receipts. A new enrolment is taken up all
// the same, while the old central lets an attempt hang or asks for an hour.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, runToEnd, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(180_000)

/** What the taken-over central answers to a batch: status and headers, and then a byte now and then, or nothing. */
interface Play {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly drips: boolean
}

/** An enrolled agent whose central was then taken over: another server, with its keys and at its address, that also keeps enrolling. */
async function takenOver(t: Test, play: Play) {
  const folder = temporaryFolder(t)
  const root = join(folder, 'box')
  const data = join(folder, 'central')
  const central = await startCentral({ folder: data })
  t.teardown(() => central.close())
  const pem = readFileSync(join(data, 'server.pem'), 'utf8')
  const authority = new X509Certificate(readFileSync(join(data, 'authority.pem'))).toString()
  let batches = 0
  const hostile = createServer(
    { cert: pem.slice(pem.indexOf('-----BEGIN CERT')) + authority, key: pem, requestCert: true, rejectUnauthorized: false },
    (request, answer) => {
      request.resume()
      batches++
      answer.writeHead(play.status, play.headers)
      const timer = setInterval(() => answer.write(' '), 200)
      answer.on('close', () => clearInterval(timer))
      if (play.drips) answer.write(' ')
      else answer.end('{}')
    },
  )
  await new Promise<void>(resolve => hostile.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    hostile.closeAllConnections()
    hostile.close()
  })
  const enrol = async () => runToEnd(['enrol', '--root', root], `${await central.makeCode()}\n`)
  writeSettings(root, central)
  t.match(await enrol(), { code: 0, out: /^enrolled as / }, 'with the code from standard input')
  const { port } = hostile.address() as AddressInfo
  writeSettings(root, { ...central, url: `https://localhost:${port}` })
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const enrolments = () => [...readLedger(pathsBelow(root).ledger)].filter(({ entry }) => entry.kind === 'enrolled').length
  return { root, agent, central, enrol, enrolments, batches: () => batches }
}

const plays: Readonly<Record<string, Play>> = {
  'a byte at a time': { status: 200, headers: { 'content-length': '100000' }, drips: true },
  'in an hour': { status: 503, headers: { 'retry-after': '3600' }, drips: false },
}
for (const [name, play] of Object.entries(plays))
  t.test(`a central that answers ${name}: a new enrolment is taken up at once`, async t => {
    const { root, agent, central, enrol, enrolments, batches } = await takenOver(t, play)
    await sendTcp(agent.tcpPort, [blockedLine(1)])
    await until(
      async () => batches(),
      asked => asked > 0,
    )
    const before = enrolments()
    // the code goes to the real central; what is on its way hangs at the other one
    writeSettings(root, central)
    t.match(await enrol(), { code: 0 })
    const enrolledAt = performance.now()
    await until(
      async () => enrolments(),
      count => count > before,
    )
    t.ok(performance.now() - enrolledAt < 30_000, 'long before an attempt is over, or an hour is')
    // with central's address again, everything goes out
    await agent.kill('SIGTERM')
    const again = await startAgent(root)
    t.teardown(() => again.kill())
    await sendTcp(again.tcpPort, [blockedLine(2)])
    await until(again.status, now => now.queue.batches === 0 && sums(now).sent > 0)
  })

t.test('a code in the arguments, as it was once documented, still enrols', async t => {
  const folder = temporaryFolder(t)
  const central = await startCentral({ folder: join(folder, 'central') })
  t.teardown(() => central.close())
  writeSettings(folder, central)
  t.match(await cyberalarm(folder, 'enrol', await central.makeCode()), { code: 0, out: /^enrolled as / })
})
