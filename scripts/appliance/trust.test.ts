import { createPublicKey } from 'node:crypto'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chooseTrust } from './trust.ts'

const DAY_MS = 86_400_000
const now = Date.UTC(2026, 10, 30)

t.test('without keys, those of developers: the same for three weeks, then others', async t => {
  const root = t.testdir()
  const first = chooseTrust(undefined, root, now)
  t.equal(first.isDevelopment, true)
  const text = () => [1, 2, 3].map(i => readFileSync(join(first.folder, `keys/${i}.pem`), 'utf8'))
  const keys = text()
  t.equal(new Set(keys).size, 3, 'three different keys: one signature does not count twice')
  for (const key of keys) t.equal(createPublicKey(key).asymmetricKeyType, 'ed25519')
  const { signed } = JSON.parse(readFileSync(join(first.folder, 'update-root.json'), 'utf8'))
  t.match(signed, { environment: 'development', expires: /^2026-12-30/ })
  chooseTrust(undefined, root, now + 20 * DAY_MS)
  t.strictSame(text(), keys)
  chooseTrust(undefined, root, now + 24 * DAY_MS)
  t.notSame(text(), keys)
})

t.test('a folder that is given is taken as it is, or refused', async t => {
  const root = t.testdir({ given: {} })
  const given = join(root, 'given')
  cpSync(chooseTrust(undefined, root, now).folder, given, { recursive: true })
  t.strictSame(chooseTrust(given, root, now), { folder: given, isDevelopment: true })
  rmSync(join(given, 'keys/3.pem'))
  t.throws(() => chooseTrust(given, root, now), /has no keys\/3\.pem/)
})
