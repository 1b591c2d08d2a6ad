// The loop against a central that is played: every answer in every order, on a clock that is turned by the test.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { madeIdentity } from '../testing/made-identity.ts'
import { enrolOnce, isRenewalDue, renewalPauseMs, renewOnce } from './enrol.ts'
import { identityFrom } from './identity.ts'
import { openCentral } from './pinned-client.ts'
import { type Play, play, STEP_MS, stage } from './test-stage.ts'
import { initialUplinkState, moveTimes, type UplinkHost } from './uplink.ts'

const DAY = 86_400_000

const identity = await madeIdentity()

const refusal = fc.record({
  status: fc.constantFrom(400, 401, 403, 409, 413, 429, 500, 503),
  retryAfterSeconds: fc.constantFrom(0, 0, 7, 90),
})
const anyPlay: fc.Arbitrary<Play> = fc.oneof(
  { weight: 2, arbitrary: fc.constant('stored' as const) },
  { weight: 1, arbitrary: fc.constantFrom('forged', 'other-batch', 'other-device', 'nonsense', 'unreachable') },
  { weight: 2, arbitrary: refusal },
)

t.test('whatever central answers: in order, one at a time, acknowledged by genuine receipts only, and never discarded early', async t => {
  const property = fc.asyncProperty(fc.nat(4), fc.array(anyPlay, { maxLength: 14 }), async (batches, plays) => {
    const { host, queue, posts, acknowledged, discarded, faults } = stage(identity, batches, plays)
    const state = await play(host, () => queue.length === 0)
    assert.deepEqual(faults, [])
    assert.deepEqual(
      [...acknowledged, ...discarded].sort(),
      Array.from({ length: batches }, (_, i) => i + 1),
      'each batch has one end',
    )
    assert.deepEqual(
      acknowledged,
      posts.filter(post => post.play === 'stored').map(post => post.sequence),
      'a receipt for each, and in order',
    )
    posts.slice(1).forEach((post, i) => {
      const before = posts[i]
      const waited = post.at - before.at
      const asked = typeof before.play === 'object' ? before.play.retryAfterSeconds * 1000 : 0
      if (before.play !== 'stored') assert.ok(waited >= Math.max(500, asked), `${waited} ms after ${JSON.stringify(before.play)}`)
    })
    for (const sequence of discarded) {
      const rejected = posts.filter(
        post => post.sequence === sequence && typeof post.play === 'object' && [400, 413].includes(post.play.status),
      )
      assert.ok(rejected.length >= 8, `discarded after ${rejected.length} refusals`)
    }
    if (acknowledged.length > 0 && discarded.length === 0) assert.equal(state.failure, undefined, 'a receipt clears the failure')
  })
  await t.resolves(fc.assert(property, { numRuns: 60 }))
})

t.test('what was sent is counted before the spool is empty', async t => {
  const { host, queue } = stage(identity, 1, [])
  const state = initialUplinkState()
  const counted: number[] = []
  const acknowledge: UplinkHost['acknowledge'] = (outgoing, receipt) => {
    counted.push(state.bytesSent)
    return host.acknowledge(outgoing, receipt)
  }
  await play({ ...host, acknowledge }, () => queue.length === 0, Date.now(), state)
  t.same(counted, [1], 'the one byte of the batch')
})

t.test('a batch that central rejects is discarded after eight refusals, not after eight failures of any kind', async t => {
  const refused: Play = { status: 400, retryAfterSeconds: 0 }
  const stuck = stage(identity, 2, Array<Play>(8).fill(refused))
  await play(stuck.host, () => stuck.queue.length === 0)
  t.same([stuck.discarded, stuck.acknowledged], [[1], [2]])
  const unlucky = stage(identity, 2, [...Array<Play>(20).fill('unreachable'), refused])
  await play(unlucky.host, () => unlucky.queue.length === 0)
  t.same([unlucky.discarded, unlucky.acknowledged], [[], [1, 2]])
})

t.test('says what went wrong, since when, and when it tries again', async t => {
  const { host, posts } = stage(identity, 1, [{ status: 503, retryAfterSeconds: 120 }])
  const state = await play(host, () => posts.length === 1)
  t.match(state.failure, { code: 'central-busy', detail: /503.*Played/ })
  t.ok(state.retryAt - (state.failure?.at ?? 0) >= 120_000, 'not before central asked for it')
  t.equal(state.lastReceipt, undefined)
})

t.test('a box that was enrolled anew does not wait for the failures of its old identity', async t => {
  const { host, posts, acknowledged, become } = stage(identity, 1, [{ status: 403, retryAfterSeconds: 3600 }])
  const began = Date.now()
  setImmediate(() => become({ ...identity }))
  await play(host, () => acknowledged.length === 1, began)
  t.equal(posts.length, 2)
  t.ok(posts[1].at - posts[0].at <= 5 * STEP_MS, `${posts[1].at - posts[0].at} ms`)
})

t.test('renews when two thirds of the life of its certificate are over, and batches do not wait if that fails', async t => {
  const from = identity.certificate.validFromDate.getTime()
  const life = identity.certificate.validToDate.getTime() - from
  t.notOk(isRenewalDue(identity, from + (life * 2) / 3 - DAY))
  t.ok(isRenewalDue(identity, from + (life * 2) / 3 + DAY))
  const due = from + (life * 2) / 3 + DAY
  const { host, queue, posts, replaced } = stage(identity, 3, ['unreachable'])
  await play(host, () => queue.length === 0, due)
  t.same(
    posts.map(post => post.path),
    ['/v1/renew', '/v1/batches', '/v1/batches', '/v1/batches'],
  )
  t.equal(replaced.length, 0)
})

t.test('a box whose clock is behind renews by the clock of central', async t => {
  const end = identity.certificate.validToDate.getTime()
  const { host, queue, posts } = stage(identity, 2, [])
  const { receiptIn } = host
  const late = new Date(end - DAY).toISOString()
  const withTime: typeof receiptIn = (...asked) => {
    const receipt = receiptIn(...asked)
    return receipt === undefined ? undefined : { ...receipt, storedAt: late }
  }
  await play({ ...host, receiptIn: withTime }, () => queue.length === 0, identity.certificate.validFromDate.getTime() + DAY)
  t.same(
    posts.map(post => post.path),
    ['/v1/batches', '/v1/renew', '/v1/batches'],
  )
})

t.test('an enrolment ends what was wrong before it, also if nothing waits then', async t => {
  const { host, queue, posts, become } = stage(identity, 1, [{ status: 401, retryAfterSeconds: 0 }])
  const next = await madeIdentity()
  let turns = 0
  const wait: UplinkHost['wait'] = async (ms, until) => {
    if (posts.length === 1) {
      queue.length = 0
      become(next)
      turns++
    }
    await host.wait(ms, until)
  }
  const state = await play({ ...host, wait }, () => turns > 3)
  t.equal(state.failure, undefined)
  t.equal(state.retryAt, 0)
})

t.test('asks for a renewal more often as the end of its certificate comes near', async t => {
  const end = identity.certificate.validToDate.getTime()
  const pauses = [0, 1, 2, 100].map(failures => renewalPauseMs(identity, end - 20 * DAY, failures))
  t.same(pauses, [60_000, 120_000, 240_000, 3_600_000])
  t.equal(renewalPauseMs(identity, end - 1_800_000, 100), 180_000)
  t.equal(renewalPauseMs(identity, end - 1000, 100), 60_000)
  t.equal(renewalPauseMs(identity, end + 1000, 100), 3_600_000, 'too late: somebody has to come')
})

t.test('a clock that is set changes nothing of how long ago something was', async t => {
  const at = Date.now()
  const failure = { code: 'central-busy' as const, detail: '', advice: '', since: at - 5000, at: at - 1000 }
  const state = { ...initialUplinkState(), waitingSince: at - 10_000, retryAt: at + 2000, failure }
  moveTimes(state, -365 * DAY)
  t.match(state, { waitingSince: at - 10_000 - 365 * DAY, retryAt: at + 2000 - 365 * DAY, lastReceiptAt: 0 })
  t.match(state.failure, { since: at - 5000 - 365 * DAY, at: at - 1000 - 365 * DAY })
  moveTimes(state, 365 * DAY)
  t.match(state, { waitingSince: at - 10_000, failure })
})

t.test('a renewal gives a new key and certificate for the same device, and the old ones stay good', async t => {
  const central = await startCentral({ folder: temporaryFolder(t) })
  t.teardown(() => central.close())
  const address = { url: central.url, pins: central.pins, proxy: '' }
  const stranger = await openCentral(address)
  const before = identityFrom(await enrolOnce(stranger, (await central.makeCode()).replaceAll('-', '')))
  await t.rejects(renewOnce(stranger, before), { code: 'central-refused', message: /certificate-required/ })
  await stranger.close()
  const client = await openCentral(address, before.stored)
  const after = identityFrom(await renewOnce(client, before))
  await client.close()
  t.equal(after.stored.device, before.stored.device)
  t.equal(after.stored.enrolment, before.stored.enrolment, 'the chain goes on')
  t.not(after.stored.privateKey, before.stored.privateKey)
  for (const one of [before, after]) {
    const asDevice = await openCentral(address, one.stored)
    const answer = await asDevice.post('/v1/batches', Buffer.from('noise'))
    t.match(answer, { status: 400, body: { code: 'batch-malformed' } }, 'known, so that only the bytes are at fault')
    await asDevice.close()
  }
})

t.test('a box goes on with the second version once central says that it knows it, and back when it does not', async t => {
  const gone = { status: 404, retryAfterSeconds: 0 }
  const { host, queue, posts, faults } = stage(identity, 5, ['stored', 'stored, and knows version 2', 'stored', gone])
  const state = await play(host, () => queue.length === 0, identity.certificate.validFromDate.getTime() + DAY)
  t.same(
    posts.map(({ path, sequence }) => `${path} ${sequence}`),
    ['/v1/batches 1', '/v1/batches 2', '/v2/batches 3', '/v2/batches 4', '/v1/batches 4', '/v1/batches 5'],
  )
  t.equal(state.centralVersion, 1)
  t.same(faults, [])
})
