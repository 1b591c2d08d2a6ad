// The loop against a central that is played: every answer in every order, on a clock that is turned by the test.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { Failure } from '../errors.ts'
import { pause } from '../lib/backoff.ts'
import { quietLog } from '../log.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { enrolOnce, isRenewalDue, renewOnce } from './enrol.ts'
import { type Identity, identityFrom, writeIdentity } from './identity.ts'
import { IdentityKeeper } from './identity-file.ts'
import { type Answer, type CentralClient, openCentral } from './pinned-client.ts'
import { initialUplinkState, type Outgoing, type UplinkHost, uploadForever } from './uplink.ts'

const DAY = 86_400_000
const STEP_MS = 1000

async function enrolled(folder: string): Promise<Identity> {
  const central = await startCentral({ folder })
  const client = await openCentral({ url: central.url, pins: central.pins, proxy: '' })
  try {
    return identityFrom(await enrolOnce(client, (await central.makeCode()).replaceAll('-', '')))
  } finally {
    await client.close()
    await central.close()
  }
}

const never = new AbortController().signal
const identity = await enrolled(temporaryFolder(t))
const hashOf = (sequence: number): string => sequence.toString(16).padStart(64, '0')

/** What central may answer to a batch; numbers are statuses. */
type Play =
  | 'stored'
  | 'forged'
  | 'other-batch'
  | 'other-device'
  | 'nonsense'
  | 'unreachable'
  | { status: number; retryAfterSeconds: number }

interface Post {
  readonly path: string
  readonly sequence: number
  readonly at: number
  readonly play: Play
}

/** A box with batches 1 to `batches` before a central that plays `plays` and then stores everything. */
function stage(batches: number, plays: readonly Play[], as: Identity = identity) {
  const queue: Outgoing[] = Array.from({ length: batches }, (_, i) => ({
    sequence: i + 1,
    hash: hashOf(i + 1),
    bytes: Buffer.from(String(i + 1)),
  }))
  const posts: Post[] = []
  const acknowledged: number[] = []
  const discarded: number[] = []
  const replaced: Identity['stored'][] = []
  const left = [...plays]
  let present = as
  let underWay = 0
  // collected, because the loop takes whatever is thrown at it for a failure of central
  const faults: string[] = []
  const leave = (sequence: number) => {
    if (queue.shift()?.sequence !== sequence) faults.push(`batch ${sequence} is not the oldest`)
  }
  const receipt = (sequence: number, change: object = {}) => ({
    device: as.stored.device,
    sequence,
    hash: hashOf(sequence),
    storedAt: '2026-11-20T12:00:00Z',
    key: 'key',
    signature: 'genuine',
    ...change,
  })
  const answer = (sequence: number, play: Play): Answer => {
    const ok = (body: object) => ({ status: 200, retryAfterSeconds: 0, body })
    if (play === 'unreachable') throw new Failure('central-unreachable', 'played')
    if (typeof play === 'object') return { ...play, body: { code: 'played', message: 'Played.' } }
    if (play === 'forged') return ok(receipt(sequence, { signature: 'forged' }))
    if (play === 'other-batch') return ok(receipt(sequence, { hash: hashOf(999) }))
    if (play === 'other-device') return ok(receipt(sequence, { device: '00000000-0000-4000-8000-000000000000' }))
    return ok(play === 'stored' ? receipt(sequence) : { all: 'well' })
  }
  const client: CentralClient = {
    post: async (path, body) => {
      if (underWay++ > 0) faults.push('two at a time')
      const sequence = body instanceof Uint8Array ? Number(Buffer.from(body).toString()) : 0
      const play = left.shift() ?? 'stored'
      posts.push({ path, sequence, at: Date.now(), play })
      await Promise.resolve()
      underWay--
      return answer(sequence, play)
    },
    close: async () => undefined,
  }
  const host: UplinkHost = {
    identity: () => present,
    superseded: () => never,
    connect: async () => client,
    next: () => queue[0],
    isGenuine: ({ signature }) => signature === 'genuine',
    acknowledge: ({ sequence }, { signature }) => {
      if (signature !== 'genuine') faults.push(`batch ${sequence} was acknowledged by a forged receipt`)
      leave(sequence)
      acknowledged.push(sequence)
    },
    discard: sequence => {
      leave(sequence)
      discarded.push(sequence)
    },
    replace: stored => replaced.push(stored),
    wait: (ms, until) => pause(Math.min(ms, STEP_MS), until),
  }
  const become = (next: Identity) => {
    present = next
  }
  return { host, queue, posts, acknowledged, discarded, replaced, faults, become }
}

/** Runs the loop on a played clock until `isDone`; gives its state. */
async function play(host: UplinkHost, isDone: () => boolean, now = Date.now(), state = initialUplinkState(), log = quietLog) {
  const ending = new AbortController()
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now })
  try {
    const sending = uploadForever(host, state, log, ending.signal)
    for (let step = 0; !isDone() && step < 100_000; step++) {
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
      mock.timers.tick(STEP_MS)
    }
    assert.ok(isDone(), 'it comes to its end')
    ending.abort()
    await sending
  } finally {
    mock.timers.reset()
  }
  return state
}

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
    const { host, queue, posts, acknowledged, discarded, faults } = stage(batches, plays)
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
  const { host, queue } = stage(1, [])
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
  const stuck = stage(2, Array<Play>(8).fill(refused))
  await play(stuck.host, () => stuck.queue.length === 0)
  t.same([stuck.discarded, stuck.acknowledged], [[1], [2]])
  const unlucky = stage(2, [...Array<Play>(20).fill('unreachable'), refused])
  await play(unlucky.host, () => unlucky.queue.length === 0)
  t.same([unlucky.discarded, unlucky.acknowledged], [[], [1, 2]])
})

t.test('says what went wrong, since when, and when it tries again', async t => {
  const { host, posts } = stage(1, [{ status: 503, retryAfterSeconds: 120 }])
  const state = await play(host, () => posts.length === 1)
  t.match(state.failure, { code: 'central-busy', detail: /503.*Played/ })
  t.ok(state.retryAt - (state.failure?.at ?? 0) >= 120_000, 'not before central asked for it')
  t.equal(state.lastReceipt, undefined)
})

t.test('a box that was enrolled anew does not wait for the failures of its old identity', async t => {
  const { host, posts, acknowledged, become } = stage(1, [{ status: 403, retryAfterSeconds: 3600 }])
  const began = Date.now()
  setImmediate(() => become({ ...identity }))
  await play(host, () => acknowledged.length === 1, began)
  t.equal(posts.length, 2)
  t.ok(posts[1].at - posts[0].at <= 5 * STEP_MS, `${posts[1].at - posts[0].at} ms`)
})

t.test('a box that is enrolled anew while an attempt hangs gives it up, and counts no failure', async t => {
  const { host, posts, acknowledged, become } = stage(1, [])
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
  const { host, posts } = stage(1, turns)
  const said: string[] = []
  const log = { info: (text: string) => said.push(text), warning: (text: string) => said.push(text) }
  const state = initialUplinkState()
  const began = Date.now()
  await play(host, () => posts.length === 20, began, state, log)
  const minutes = (posts[19].at - began) / 60_000
  t.ok(said.length <= 2 + minutes / 5, `${said.length} lines in ${Math.round(minutes)} minutes`)
  t.ok(state.waitingSince > 0 && state.waitingSince - began < 10_000, 'since the first of them')
  const stored = stage(1, [])
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

t.test('renews when two thirds of the life of its certificate are over, and batches do not wait if that fails', async t => {
  const from = identity.certificate.validFromDate.getTime()
  const life = identity.certificate.validToDate.getTime() - from
  t.notOk(isRenewalDue(identity, from + (life * 2) / 3 - DAY))
  t.ok(isRenewalDue(identity, from + (life * 2) / 3 + DAY))
  const due = from + (life * 2) / 3 + DAY
  const { host, queue, posts, replaced } = stage(3, ['unreachable'])
  await play(host, () => queue.length === 0, due)
  t.same(
    posts.map(post => post.path),
    ['/v1/renew', '/v1/batches', '/v1/batches', '/v1/batches'],
  )
  t.equal(replaced.length, 0)
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
