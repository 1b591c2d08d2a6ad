// Files of updates: anybody gets those, by their exact names, and nothing else of the disk.
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../central.ts'
import { downloadLimits } from '../limits/places.ts'
import { targetOf } from '../test-box.ts'

const dir = t.testdir({ secret: 'secret', updates: { metadata: { 'timestamp.json': 'stamp', '1.root.json': 'root' }, parts: {} } })
const updates = join(dir, 'updates')
const folder = join(dir, 'central')
const central = await startCentral({ folder, updates })
const without = await startCentral({ folder: join(dir, 'without') })
t.teardown(() => Promise.all([central.close(), without.close()]))
const bytes = Buffer.from('0123456789')
writeFileSync(join(updates, 'parts', 'a.img'), bytes)
writeFileSync(join(updates, 'parts', 'empty.img'), '')
writeFileSync(join(updates, '.hidden'), 'x')
symlinkSync(join(dir, 'secret'), join(updates, 'parts', 'link.img'))
symlinkSync(dir, join(updates, 'up'))
mkdirSync(join(updates, 'folder.img'))

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}
function get(path: string, headers: Record<string, string> = {}, method = 'GET', of = central, place = folder): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { authority } = targetOf(of, place)
    const options = { host: '127.0.0.1', port: of.port, path, method, headers, servername: 'localhost', ca: authority, agent: false }
    request(options, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })).on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}

t.test('a file, whole or from where the reader has it, if it is still the same', async t => {
  const whole = await get('/v1/updates/parts/a.img')
  t.match(whole, { status: 200, text: '0123456789', headers: { 'content-length': '10', 'accept-ranges': 'bytes' } })
  const etag = String(whole.headers.etag)
  t.match(etag, /^"[0-9a-f]+-[0-9a-f]+"$/)
  t.match(await get('/v1/updates/parts/a.img', { range: 'bytes=4-', 'if-range': etag }), {
    status: 206,
    text: '456789',
    headers: { 'content-range': 'bytes 4-9/10', 'content-length': '6' },
  })
  t.match(await get('/v1/updates/parts/a.img', { range: 'bytes=2-3' }), { status: 206, text: '23' })
  t.match(await get('/v1/updates/parts/a.img', { range: 'bytes=8-99' }), { status: 206, text: '89' })
  t.match(await get('/v1/updates/parts/a.img', { range: 'bytes=10-' }), {
    status: 416,
    text: '',
    headers: { 'content-range': 'bytes */10' },
  })
  for (const range of ['bytes=-3', 'bytes=1-2,4-5', 'lines=1-', 'bytes=x-'])
    t.match(await get('/v1/updates/parts/a.img', { range }), { status: 200, text: '0123456789' }, range)
  t.match(await get('/v1/updates/parts/empty.img'), { status: 200, text: '' })
  utimesSync(join(updates, 'parts', 'a.img'), 1, 1)
  t.match(await get('/v1/updates/parts/a.img', { range: 'bytes=4-', 'if-range': etag }), { status: 200, text: '0123456789' })
})

t.test('HEAD says the same without the file', async t => {
  t.match(await get('/v1/updates/parts/a.img', {}, 'HEAD'), { status: 200, text: '', headers: { 'content-length': '10', etag: /./ } })
  t.match(await get('/v1/updates/nothing', {}, 'HEAD'), { status: 404 })
})

t.test('nothing but files below the folder, and no list of them', async t => {
  const paths = ['', '.', 'parts', 'parts/', 'folder.img', 'nothing.json', '.hidden', 'parts/link.img', 'up/secret']
  const ways = [
    '../secret',
    'parts/../../secret',
    '..%2fsecret',
    '%2e%2e/secret',
    'parts//a.img',
    '/etc/passwd',
    'parts/a.img%00',
    'parts/A.IMG',
    'parts/a.img?x=1',
  ]
  for (const path of [...paths, ...ways, 'x'.repeat(300), `${'a/'.repeat(7)}a`]) {
    const { status, text } = await get(`/v1/updates/${path}`)
    t.equal(status, 404, path)
    t.match(JSON.parse(text), { code: 'no-such-route' })
  }
  for (const method of ['POST', 'PUT', 'DELETE'])
    t.equal((await get('/v1/updates/metadata/timestamp.json', {}, method)).status, 404, method)
  t.equal(
    (await get('/v1/updates/metadata/timestamp.json', {}, 'GET', without, join(dir, 'without'))).status,
    404,
    'a central without updates',
  )
})

t.test('many readers of one network who do not read leave room for others, and are told', async t => {
  writeFileSync(join(updates, 'parts', 'large.img'), Buffer.alloc(8 * 1024 * 1024))
  const { authority } = targetOf(central, folder)
  const waiting = Array.from({ length: downloadLimits.perNetwork }, () => {
    const call = request({
      host: '127.0.0.1',
      port: central.port,
      path: '/v1/updates/parts/large.img',
      servername: 'localhost',
      ca: authority,
      agent: false,
    })
    call.on('error', () => call.destroy()).end()
    return new Promise<() => void>(resolve => call.once('response', answer => resolve(() => answer.destroy())))
  })
  const open = await Promise.all(waiting)
  t.match(await get('/v1/updates/parts/a.img'), { status: 429, text: /address-busy/, headers: { 'retry-after': '2' } })
  t.equal((await central.limits()).requests.downloads, downloadLimits.perNetwork)
  for (const close of open) close()
  let status = 429
  for (let i = 0; status === 429 && i < 100; i++) {
    status = (await get('/v1/updates/parts/a.img')).status
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  t.equal(status, 200, 'their places are free again')
})
