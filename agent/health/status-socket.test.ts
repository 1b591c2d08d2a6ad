import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { listenForGroup } from './group-socket.ts'
import { askStatus, serveStatus } from './status-socket.ts'

function socketPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ca-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'run/status.sock')
}

t.test('answers the user of the agent and its group, nobody else', async t => {
  const path = socketPath(t)
  const before = process.umask()
  const server = await serveStatus(path, () => ({ fine: true }))
  t.equal(statSync(path).mode & 0o777, 0o660)
  t.equal(process.umask(), before)
  t.same(await askStatus(path), { fine: true })
  await t.rejects(
    serveStatus(path, () => undefined),
    { code: 'agent-running' },
  )
  await server.close()
  t.equal(await askStatus(path), undefined)
})

t.test('a client that stays connected, or says something, keeps no agent from ending', async t => {
  const path = socketPath(t)
  const server = await serveStatus(path, () => ({ fine: true }))
  const guest = connect({ path, allowHalfOpen: true })
  t.teardown(() => guest.destroy())
  await new Promise<void>(resolve => guest.once('connect', () => guest.write('hello', () => resolve())))
  t.same(await askStatus(path), { fine: true })
  await server.close()
  t.equal(await askStatus(path), undefined)
})

t.test('an agent that ends in the middle of its answer is an error for the client, not its end', async t => {
  const path = join(mkdtempSync(join(tmpdir(), 'ca-')), 's')
  t.teardown(() => rmSync(join(path, '..'), { recursive: true, force: true }))
  const server = createServer(socket => socket.end('{"running":'))
  await new Promise<void>(resolve => server.listen(path, resolve))
  t.teardown(() => server.close())
  await t.rejects(askStatus(path), SyntaxError)
})

t.test('a client that says a byte now and then keeps its place for a while, not for ever', async t => {
  const path = socketPath(t)
  const server = await listenForGroup(path, 1, 200, socket => socket.resume().end('{}'), 400)
  t.teardown(() => server.close())
  const slow = connect({ path, allowHalfOpen: true }).on('error', () => undefined)
  await once(slow, 'connect')
  const closed = new Promise(resolve => slow.resume().once('close', resolve))
  const trickle = setInterval(() => slow.write('x'), 20)
  t.teardown(() => clearInterval(trickle))
  const isClosed = await Promise.race([closed.then(() => true), sleep(5000, false)])
  slow.destroy()
  t.equal(isClosed, true)
})
