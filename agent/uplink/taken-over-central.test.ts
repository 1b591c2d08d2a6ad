// A central that was taken over holds the loop up, refuses in turns, and says more than it should at an enrolment: what the box does
// then, on a clock that is turned by the test. What its answers may cost: hostile-answers.slow.test.ts.
import { join } from 'node:path'
import t from 'tap'
import { quietLog } from '../log.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { madeIdentity } from '../testing/made-identity.ts'
import { enrolOnce, renewOnce } from './enrol.ts'
import { writeIdentity } from './identity.ts'
import { IdentityKeeper } from './identity-file.ts'
import type { CentralClient } from './pinned-client.ts'
import { hashOf, type Play, play, STEP_MS, stage } from './test-stage.ts'
import { initialUplinkState, type UplinkHost } from './uplink.ts'

const identity = await madeIdentity()

t.test('a box that is enrolled anew while an attempt hangs gives it up, and counts no failure', async t => {
  const { host, posts, acknowledged, become } = stage(identity, 1, [])
  let superseded = new AbortController()
  let hangs = 0
  const hanging: UplinkHost = {
    ...host,
    superseded: () => superseded.signal,
    connect: async (of, signal) => {
      const client = await host.connect(of, signal)
      if (of !== identity) return client
      const post: CentralClient['post'] = (_path, _body, over) =>
        new Promise((_resolve, reject) => {
          hangs++
          over?.addEventListener('abort', () => reject(over.reason))
          setImmediate(() => superseded.abort())
          setTimeout(() => {
            become({ ...identity })
            superseded = new AbortController()
          }, STEP_MS)
        })
      return { ...client, post }
    },
  }
  const state = await play(hanging, () => acknowledged.length === 1)
  t.equal(hangs, 1, 'not tried again before the new identity is there')
  t.equal(posts.length, 1)
  t.match(state, { failure: undefined, failuresInARow: 0 })
})

t.test('a renewal that comes back after a new enrolment does not take its place', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'identity.json')
  writeIdentity(path, identity.stored)
  const keeper = new IdentityKeeper(path, quietLog)
  const { superseded } = keeper
  const anew = { ...identity.stored, enrolment: 'anew' }
  writeIdentity(path, anew)
  keeper.supersedeIfChanged()
  t.ok(superseded.aborted)
  keeper.replace({ ...identity.stored })
  t.ok(keeper.reload())
  t.equal(keeper.identity?.stored.enrolment, 'anew')
  t.notOk(keeper.superseded.aborted, 'the new one may send')
})

t.test('a central that refuses in turns fills neither log nor status, and how long nothing was acknowledged is known', async t => {
  const turns = Array.from({ length: 20 }, (_, i): Play => ({ status: i % 2 === 0 ? 403 : 503, retryAfterSeconds: 0 }))
  const { host, posts } = stage(identity, 1, turns)
  const said: string[] = []
  const log = { info: (text: string) => said.push(text), warning: (text: string) => said.push(text) }
  const state = initialUplinkState()
  const began = Date.now()
  await play(host, () => posts.length === 20, began, state, log)
  const minutes = (posts[19].at - began) / 60_000
  t.ok(said.length <= 2 + minutes / 5, `${said.length} lines in ${Math.round(minutes)} minutes`)
  t.ok(state.waitingSince > 0 && state.waitingSince - began < 10_000, 'since the first of them')
  const stored = stage(identity, 1, [])
  t.equal((await play(stored.host, () => stored.acknowledged.length === 1)).waitingSince, 0)
})

t.test('what central says at enrolment and renewal is kept in its one form only', async t => {
  const { device, certificate, sealKey, receiptKey, privateKey } = identity.stored
  const good = {
    device,
    certificate,
    sealKey: { publicKey: sealKey },
    receiptKey: { publicKey: receiptKey },
    nextSequence: 1,
    previousHash: hashOf(0),
  }
  const client = (body: object): CentralClient => ({
    post: async () => ({ status: 200, retryAfterSeconds: 0, body }),
    close: async () => undefined,
  })
  const request = { csr: '', privateKey }
  const read = await enrolOnce(
    client({ ...good, certificate: `${'junk\n'.repeat(500)}${certificate}`, more: 'x' }),
    'code',
    undefined,
    request,
  )
  t.equal(read.certificate, identity.certificate.toString(), 'nothing but the certificate')
  t.notOk('more' in read)
  for (const change of [
    { device: 'x'.repeat(100_000) },
    { certificate: `${certificate}${' '.repeat(10_000)}` },
    { certificate: 'none' },
    { sealKey: { publicKey: 'A'.repeat(100_000) } },
    { receiptKey: { publicKey: '\u001b[2J' } },
    { nextSequence: Number.MAX_SAFE_INTEGER },
    { nextSequence: 0 },
    { previousHash: '0'.repeat(10_000) },
  ])
    await t.rejects(
      enrolOnce(client({ ...good, ...change }), 'code', undefined, request),
      { code: 'central-refused' },
      Object.keys(change)[0],
    )
  await t.rejects(renewOnce(client({ certificate }), identity), { code: 'central-refused' }, 'a certificate for another key')
})
