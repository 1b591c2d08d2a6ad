// Readers of update files who take their time: whoever reads is served, whoever does not gives its place back.
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fastify from 'fastify'
import t from 'tap'
import { makeCertificate } from '../../agent/sources/syslog/tls-certificate.ts'
import { downloadLimits, Places } from '../limits/places.ts'
import { addUpdates } from './updates.ts'

const dir = t.testdir()
writeFileSync(join(dir, 'large.img'), Buffer.alloc(8 * 1024 * 1024))

t.test('a reader who reads nothing is cut off and its place is free, and a slow one who does is not', async t => {
  const { certificate, key } = await makeCertificate(['localhost'], new Date())
  const server = fastify({ https: { cert: certificate, key } })
  const places = new Places(downloadLimits)
  addUpdates(server, dir, places, 3000)
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  const { port } = server.server.address() as AddressInfo
  const options = { host: '127.0.0.1', port, path: '/v1/updates/large.img', rejectUnauthorized: false, agent: false }
  const download = (read: (answer: IncomingMessage) => void) =>
    new Promise<string>(resolve => {
      const call = request(options, answer => {
        answer.on('error', () => resolve('cut off')).on('end', () => resolve('whole'))
        read(answer)
      })
      call.on('error', () => resolve('cut off')).end()
    })
  const idle = new Promise<IncomingMessage>(resolve => void download(answer => resolve(answer.pause())))
  const answer = await idle
  t.equal(places.count, 1)
  for (let i = 0; places.count > 0 && i < 500; i++) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(places.count, 0)
  answer.destroy()
  let taken = 0
  const slow = (answer: IncomingMessage) =>
    answer.on('data', (chunk: Buffer) => {
      taken += chunk.length
      answer.pause()
      setTimeout(() => answer.resume(), taken < 1_000_000 ? 20 : 0)
    })
  t.equal(await download(slow), 'whole')
  t.equal(taken, 8 * 1024 * 1024)
})
