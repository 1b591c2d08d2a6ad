// POST /v2/batches: the same as /v1/batches, and no byte of HTTP that says the same each time.
import { createPublicKey } from 'node:crypto'
import { request } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { decodeReceipt, readReceipt, verifyReceipt } from '../../agent/batch/receipt.ts'
import { startCentral } from '../central.ts'
import { enrolBox, makeBatch, post, targetOf, zeroHash } from '../test-box.ts'

const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())
const box = await enrolBox(target, await central.makeCode())
const receiptKey = createPublicKey({ key: Buffer.from(box.enrolment.receiptKey.publicKey, 'base64'), format: 'der', type: 'spki' })

interface ShortAnswer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly bytes: Buffer
}

/** As a box asks: without a type of content. */
const ask = (path: string, bytes: Uint8Array, headers: Record<string, string> = {}, isKnown = true): Promise<ShortAnswer> =>
  new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: target.port,
        path,
        method: 'POST',
        servername: 'localhost',
        ca: target.authority,
        agent: false,
        headers: { 'content-length': bytes.length, ...headers },
        ...(isKnown && { cert: box.certificate, key: box.key.export({ type: 'pkcs8', format: 'pem' }) }),
      },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, rawHeaders: answer.rawHeaders, bytes: Buffer.concat(chunks) }))
      },
    )
    call.on('error', reject)
    call.end(bytes)
  })

t.test('a batch has its receipt in 78 bytes under two headers, and the first version has the same receipt', async t => {
  const { bytes: frame, hash } = await makeBatch(box, 1, zeroHash)
  const { status, rawHeaders, bytes } = await ask('/v2/batches', frame)
  t.equal(status, 200)
  t.same(
    rawHeaders.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase()),
    ['content-length', 'date'],
  )
  const receipt = decodeReceipt(bytes, { device: box.device, sequence: 1, hash: Buffer.from(hash).toString('hex') })
  t.ok(receipt !== undefined && verifyReceipt(receipt, receiptKey))
  const again = await post(target, '/v1/batches', frame, { identity: box })
  t.match(again, { status: 200, body: { version: 2 } })
  t.strictSame(readReceipt(again.body), receipt)
  const [{ n }] = await central.read(z.object({ n: z.bigint() }), 'SELECT count(*) AS n FROM batches')
  t.equal(Number(n), 1)
})

t.test('it refuses what the first version refuses, and other types of content', async t => {
  const { bytes: frame } = await makeBatch(box, 2, zeroHash)
  t.equal((await ask('/v2/batches', frame, {}, false)).status, 401)
  t.equal((await ask('/v2/batches', frame, { 'content-type': 'text/plain' })).status, 415)
  t.equal((await ask('/v1/batches', frame)).status, 415, 'the first version has its type')
  const { status, bytes } = await ask('/v2/batches', frame)
  t.equal(status, 409)
  t.match(JSON.parse(bytes.toString()), { code: 'chain-broken' })
})
