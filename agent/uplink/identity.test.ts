import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { readIdentity, writeIdentity } from './identity.ts'

const own = await makeCertificate(['device'], new Date())
const other = await makeCertificate(['device'], new Date())
const stored = {
  device: '11111111-1111-4111-8111-111111111111',
  enrolment: 'first',
  privateKey: own.key,
  certificate: own.certificate,
  sealKey: Buffer.alloc(32).toString('base64'),
  // SPKI of an Ed25519 key (RFC 8410)
  receiptKey: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32, 9)]).toString('base64'),
  chain: { sequence: 0, hash: '0'.repeat(64) },
}

t.test('an identity is read as it was written, by its owner only', async t => {
  const path = join(t.testdir(), 'identity.json')
  t.equal(readIdentity(path), undefined, 'a box that was never enrolled has none')
  writeIdentity(path, stored)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.same(readIdentity(path)?.stored, stored)
})

t.test('an invalid file is reported as damaged, with its path', async t => {
  const path = join(t.testdir(), 'identity.json')
  const { device: _, ...without } = stored
  const damaged = [
    '',
    'null',
    '{"device":',
    JSON.stringify(without),
    JSON.stringify({ ...stored, device: '../../etc' }),
    JSON.stringify({ ...stored, certificate: 'none' }),
    JSON.stringify({ ...stored, privateKey: other.key }),
    JSON.stringify({ ...stored, receiptKey: 'AAAA' }),
    JSON.stringify({ ...stored, sealKey: 'AAAAAAA=' }),
    JSON.stringify({ ...stored, chain: { ...stored.chain, sequence: Number.MAX_SAFE_INTEGER } }),
    JSON.stringify({ ...stored, chain: { sequence: -1, hash: '' } }),
  ]
  for (const text of damaged) {
    writeFileSync(path, text)
    t.throws(() => readIdentity(path), { code: 'identity-damaged', message: path }, text.slice(0, 40))
  }
})

t.test('never replaces an identity by one whose key and certificate do not match', async t => {
  const folder = t.testdir()
  const path = join(folder, 'identity.json')
  writeIdentity(path, stored)
  const before = readFileSync(path)
  t.throws(() => writeIdentity(path, { ...stored, privateKey: other.key }), /do not match/)
  t.ok(readFileSync(path).equals(before))
  t.same(readdirSync(folder).sort(), ['identity.json', 'identity.json.copy'])
})
