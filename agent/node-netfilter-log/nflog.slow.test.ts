import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import t from 'tap'
import type { Outcome, Plan } from './test-logged.ts'
import { inNamespace, whyNoAddon, whyNoNamespace } from './test-support.ts'

const noAddon = whyNoAddon()
const noNamespace = whyNoNamespace()
const run = async (plan: Plan) => (await inNamespace('test-logged.ts', JSON.stringify(plan))) as Outcome

/** Descriptors of this process that are sockets, from the first to the last. */
const socketsOpen = (): number[] =>
  readdirSync('/proc/self/fd')
    .map(Number)
    .filter(fd => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.isSocket() === true)
    .sort((a, b) => a - b)

t.test('receives every packet that rules log, group by group', { skip: noNamespace ?? false }, async test => {
  const outcome = await run({ count: 3000, rate: 50_000, groups: [5, 65535] })
  test.same(outcome.logged, [3001, 3001])
  test.same(outcome.seen, [
    { packets: 3001, lost: 0, last: 3000, events: 3001 },
    { packets: 3001, lost: 0, last: 3000, events: 3001 },
  ])
  test.equal(outcome.other, 0)
  test.same(outcome.first, { prefix: 'DROP 5: ', hook: 1, input: 1, length: 278, port: 9000 })
  test.equal(outcome.codeOfSecond, 'EBUSY', 'a group has one listener')
  test.equal(outcome.overruns, 0)
})

t.test('counts to the packet what the kernel lost', { skip: noNamespace ?? false }, async test => {
  const { logged, seen, overruns, kernelDrops } = await run({ count: 100_000, groups: [5], receiveBufferBytes: 65_536, slowMs: 20 })
  test.equal(logged[0], 100_001)
  test.ok(seen[0].lost > 0, 'something was lost')
  test.equal(seen[0].packets + seen[0].lost, logged[0])
  test.equal(seen[0].events, seen[0].packets)
  test.ok(overruns > 0, 'ENOBUFS was seen')
  test.ok((kernelDrops ?? 0) > 0)
})

t.test('refuses wrong arguments by name, and opens nothing', { skip: noAddon ?? false }, async test => {
  const { openNflog, openUdp } = await import('./index.js')
  const onBatch = () => test.fail('nothing was opened')
  const typeWrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const rangeWrong = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }
  const wrongly = (open: (options: never) => unknown, options: unknown) => () => open(options as never)
  for (const options of [undefined, null, 5, {}, { groups: [1] }, { groups: [1], onBatch: 1 }, { groups: 1, onBatch }])
    test.throws(wrongly(openNflog, options), typeWrong, JSON.stringify(options))
  for (const one of ['1', null, {}, [1], 5n]) test.throws(wrongly(openNflog, { groups: [one], onBatch }), typeWrong)
  for (const groups of [[], [65536], [-1], [1.5], [Number.NaN], [3, 3], Array.from({ length: 33 }, (_, i) => i)])
    test.throws(wrongly(openNflog, { groups, onBatch }), rangeWrong, JSON.stringify(groups))
  for (const [name, values] of Object.entries({
    copyRange: [-1, 65536],
    queueThreshold: [0, 65536],
    timeoutCentiseconds: [0, 6001],
    kernelBufferBytes: [0, 131073],
    receiveBufferBytes: [0, 2 ** 31],
    buffers: [1, 65],
    bufferBytes: [1024, 2 ** 27],
    lingerMicroseconds: [-1, 100_001],
    fd: [-1, 1.5, 2 ** 31 - 1],
  })) {
    for (const value of values) test.throws(wrongly(openNflog, { groups: [1], onBatch, [name]: value }), rangeWrong, `${name} ${value}`)
    test.throws(wrongly(openNflog, { groups: [1], onBatch, [name]: '1' }), typeWrong, name)
  }
  const udp = { address: '127.0.0.1', port: 0, onBatch }
  for (const change of [{ address: '' }, { address: 7 }, { fd: 3 }, { port: '1' }, { port: undefined }, { entries: null }, { onError: 1 }])
    test.throws(wrongly(openUdp, { ...udp, ...change }), /must be/, JSON.stringify(change))
  for (const change of [{ port: 65536 }, { entries: 0 }, { address: '', fd: -1 }])
    test.throws(wrongly(openUdp, { ...udp, address: change.address ?? udp.address, ...change }), { name: /Error/ }, JSON.stringify(change))
})

t.test('takes over no descriptor that is another kind of thing, and leaves it open', { skip: noAddon ?? false }, async test => {
  const { openNflog } = await import('./index.js')
  const onBatch = () => test.fail('nothing was opened')
  const file = openSync(import.meta.filename, 'r')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const other = socketsOpen().at(-1) ?? -1
  for (const [fd, code] of [
    [file, 'ENOTSOCK'],
    [other, 'EPROTOTYPE'],
    [999_999, 'EBADF'],
  ] as const)
    test.throws(() => openNflog({ groups: [1], fd, onBatch }), {
      code,
      message: `${code}: cannot use that descriptor for NFLOG group 1 on descriptor ${fd}`,
    })
  test.ok(fstatSync(file).isFile() && fstatSync(other).isSocket())
  closeSync(file)
  server.close()
})

t.test('without the capability to listen, the error names it', { skip: noAddon ?? false }, async test => {
  const { openNflog } = await import('./index.js')
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    test.throws(() => openNflog({ groups: [1], onBatch: () => test.fail('nothing was opened') }), {
      code: 'EPERM',
      message: /CAP_NET_ADMIN/,
    })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})
