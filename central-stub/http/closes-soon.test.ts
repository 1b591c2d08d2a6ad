// Central ends soon, also if a request is under way when it begins to: its connection is kept open by the box, and nothing more comes.
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { temporaryFolder } from '../../agent/testing/harness.ts'
import { startCentral } from '../central.ts'
import { enrolBox, makeBatch, targetOf, zeroHash } from '../test-box.ts'

const SOON_MS = 10_000

for (const path of ['/v1/batches', '/v2/batches'])
  t.test(`ends with ${path}`, async t => {
    const folder = join(temporaryFolder(t), 'c')
    const central = await startCentral({ folder })
    const target = targetOf(central, folder)
    const box = await enrolBox(target, await central.makeCode())
    const { bytes } = await makeBatch(box, 1, zeroHash)
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    const call = request({
      host: '127.0.0.1',
      port: target.port,
      path,
      method: 'POST',
      servername: 'localhost',
      ca: target.authority,
      agent,
      headers: { 'content-length': bytes.length, ...(path === '/v1/batches' && { 'content-type': 'application/octet-stream' }) },
      cert: box.certificate,
      key: box.key.export({ type: 'pkcs8', format: 'pem' }),
    })
    const answered = once(call, 'response')
    call.write(bytes.subarray(0, 100))
    await sleep(300)
    const begun = performance.now()
    const closed = central.close()
    await sleep(200)
    call.on('error', () => undefined)
    call.end(bytes.subarray(100))
    const [answer] = await answered
    answer.resume()
    t.equal(answer.statusCode, 200)
    await closed
    t.ok(performance.now() - begun < SOON_MS, `${Math.round(performance.now() - begun)} ms`)
  })
