import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../errors.ts'
import { Action } from '../event.ts'
import { parseSettings } from '../settings/table.ts'
import { LinkType } from '../sources/capture/pcap-link.ts'
import { blocks, classic, START_MS, type TestPacket } from '../sources/capture/test-captures.ts'
import { attribute, ethernet, ip4, tcp, udp } from '../sources/packets/test-packets.ts'
import { type ReplayOptions, replay } from './replay.ts'

const settings = parseSettings('member.networks = 198.51.100.0/24')

interface Result {
  readonly code: number | undefined
  readonly error: unknown
  readonly printed: string[]
  /** ms since the start at which each call to print came. */
  readonly at: number[]
}

async function run(capture: Uint8Array | Readable, more: Partial<ReplayOptions> = {}): Promise<Result> {
  const printed: string[] = []
  const at: number[] = []
  const began = performance.now()
  const options: ReplayOptions = {
    input: capture instanceof Readable ? capture : Readable.from([Buffer.from(capture)]),
    name: 'capture',
    settings,
    action: Action.other,
    json: true,
    summaryOnly: false,
    atPace: false,
    signal: new AbortController().signal,
    print: text => {
      printed.push(...text.split('\n'))
      at.push(performance.now() - began)
    },
    drained: async () => undefined,
    progress: () => undefined,
    ...more,
  }
  try {
    return { code: await replay(options), error: undefined, printed, at }
  } catch (error) {
    return { code: undefined, error, printed, at }
  }
}
const objects = ({ printed }: Result) => printed.map(line => JSON.parse(line))
const summaryOf = (result: Result) => objects(result).at(-1).summary

const inbound = ethernet(0x0800, ip4(6, tcp(40000, 22)))
const outbound = ethernet(0x0800, ip4(17, udp(40000, 53), { source: '198.51.100.2', destination: '192.0.2.1' }))
const arp = ethernet(0x0806, new Array<number>(28).fill(1))
const broken = ethernet(0x0800, new Array<number>(28).fill(1))
const fragment = ethernet(0x0800, ip4(17, [1, 2, 3, 4], { fragment: 5 }))
const cut: TestPacket = { bytes: inbound.slice(0, 20), original: inbound.length }
const mixed = classic(1, [
  { bytes: inbound },
  { bytes: outbound, time: START_MS + 1500 },
  { bytes: arp },
  { bytes: broken },
  { bytes: fragment },
  cut,
])

t.test('says of each packet what the box would do, and counts it in one place', async t => {
  const result = await run(mixed, { action: Action.drop })
  const [first, second, third, fourth, fifth, sixth] = objects(result)
  t.same(first, {
    packet: 1,
    recogniser: null,
    verdict: 'send',
    reason: 'blocked-from-outside: the gateway blocked a connection from outside',
    event: {
      '@timestamp': new Date(START_MS).toISOString(),
      'event.action': 'drop',
      'source.ip': '192.0.2.1',
      'source.port': 40000,
      'destination.ip': '198.51.100.2',
      'destination.port': 22,
      'network.transport': 'tcp',
      'network.direction': 'inbound',
      'network.bytes': 40,
      'network.packets': 1,
    },
  })
  t.match(second, { verdict: 'send', reason: /^blocked-to-outside/, event: { 'network.direction': 'outbound' } })
  t.same(third, { packet: 3, recogniser: null, verdict: 'ignore', reason: 'not an IP packet', event: null })
  t.match(fourth, { packet: 4, verdict: 'unreadable', reason: 'broken headers' })
  t.match(fifth, { verdict: 'send', event: { 'source.port': undefined } })
  t.match(sixth, { packet: 6, verdict: 'unreadable', reason: 'truncated by the capture' })
  t.same(summaryOf(result), {
    ending: 'whole',
    packets: 6,
    send: { 'blocked-from-outside': 2, 'blocked-to-outside': 1 },
    drop: {},
    notIp: 1,
    otherLink: 0,
    broken: 1,
    cut: 1,
    withoutPorts: 1,
    withoutAction: 0,
    firstTime: new Date(START_MS).toISOString(),
    lastTime: new Date(START_MS + 1500).toISOString(),
  })
  t.equal(result.code, 0)
})

t.test('prints the same as text, with a summary after it or alone', async t => {
  const text = (await run(mixed, { json: false, action: Action.drop })).printed.join('\n')
  t.match(text, /^send {7}- {11}blocked-from-outside: .*\n {11}@timestamp=\S+ event.action=drop source.ip=192.0.2.1 source.port=40000 /)
  t.match(text, /\n\n6 packets, 1\.5 s from 20\S+Z\n\nverdict +rule +packets +meaning\n/)
  const alone = (await run(mixed, { json: false, summaryOnly: true })).printed.join('\n')
  t.match(alone, /^6 packets, 1\.5 s from /)
  t.match(alone, /\ndrop +no-verdict +3 +the gateway states neither/)
  t.match(alone, /\nignore +- +1 +not IP\nunreadable +- +1 +broken headers\nunreadable +- +1 +truncated by the capture/)
  t.match(alone, /\n1 events have no ports/)
  t.match(alone, /3 packets state no action; use --action drop/)
  t.same((await run(mixed, { summaryOnly: true })).printed.length, 1, 'one line for a program')
})

t.test('believes the prefix of a logging rule, and the word of the command line where there is none', async t => {
  const logged = (prefix: string) => [
    2,
    0,
    0,
    5,
    ...attribute(1, [8, 0, 1, 0]),
    ...attribute(10, [...Buffer.from(prefix), 0]),
    ...attribute(9, ip4(6, tcp(1, 22))),
  ]
  const file = classic(
    LinkType.nflog,
    ['[WAN_IN-2000-D]', 'ssh ACCEPT: ', 'seen '].map(prefix => ({ bytes: logged(prefix) })),
  )
  const actions = (result: Result) => objects(result).flatMap(({ event }) => (event === undefined ? [] : [event['event.action']]))
  const silent = await run(file)
  t.same(actions(silent), ['drop', 'allow', 'other'])
  t.match(objects(silent)[0], { recogniser: 'netfilter', verdict: 'send', event: { 'rule.id': '2000' } })
  t.match(objects(silent)[1].reason, /^allowed-from-blocked-source/, 'what came before counts, in the time of the capture')
  t.same(actions(await run(file, { action: Action.reject })), ['drop', 'allow', 'reject'])
})

t.test('interfaces that are not read are counted, those beside them are read', async t => {
  const { section, interface: described, packet } = blocks()
  const file = Uint8Array.from([section(), described(127), described(1), packet({ bytes: inbound }), packet({ bytes: inbound }, 1)].flat())
  const result = await run(file)
  t.match(objects(result)[0], { verdict: 'ignore', reason: 'link type not supported' })
  t.match(summaryOf(result), { packets: 2, otherLink: 1, drop: { 'no-verdict': 1 }, ending: 'whole' })
})

t.test('a capture that ends in the middle is read as far as it goes, and reported', async t => {
  const halfRecord = mixed.subarray(0, mixed.length - 5)
  const packed = gzipSync(mixed)
  for (const file of [halfRecord, gzipSync(halfRecord)]) {
    const result = await run(file)
    t.match(summaryOf(result), { ending: 'ends-midway', packets: 6, cut: 1, notIp: 1, broken: 1, drop: { 'no-verdict': 3 } })
    t.equal(result.code, 3)
    t.match((await run(file, { json: false })).printed.at(-1), /! The capture ends in the middle of a packet/)
  }
  const early = await run(packed.subarray(0, packed.length - 8))
  t.match([early.code, summaryOf(early)], [3, { ending: 'ends-midway' }])
})

t.test('where a capture is damaged it fails, after printing what it had counted', async t => {
  const file = Buffer.from(classic(1, [{ bytes: inbound }, { bytes: outbound }]))
  file.writeUInt32LE(1_000_000, file.length - outbound.length - 8)
  const result = await run(file)
  t.match(result.error, { code: 'capture-damaged', message: /^at byte 94 of the capture, after 1 packets: / })
  t.match(summaryOf(result), { ending: 'damaged', packets: 1 })
  t.equal(result.printed.length, 2, 'the packet before it is said')
  const none = await run(Buffer.from('no capture'))
  t.match([none.error, none.printed], [{ code: 'capture-unreadable' }, []])
})

t.test('keeps the pace of the capture when asked, forwards only', async t => {
  const times = [0, 120, 60, 300]
  const file = classic(
    1,
    times.map(time => ({ bytes: inbound, time: START_MS + time })),
  )
  const { at, printed } = await run(file, { atPace: true })
  t.equal(printed.length, times.length + 1)
  t.equal(at.length, 4, 'what is due at one time is printed at one time; then the summary')
  for (const [i, due] of [0, 120, 300].entries()) t.ok(at[i] >= due - 2 && at[i] < due + 2000, `${at[i]} ms for ${due}`)
  const flat = await run(file)
  t.ok(flat.at[0] < 120, 'and does not without')
})

t.test('ends when it is interrupted, also while it waits for a packet or for input', async t => {
  const day = classic(
    1,
    [0, 86_400_000].map(time => ({ bytes: inbound, time: START_MS + time })),
  )
  const silent = new PassThrough()
  silent.write(day.subarray(0, 100))
  for (const [capture, atPace] of [
    [day, true],
    [silent, false],
  ] as const) {
    const ending = new AbortController()
    const running = run(capture, { atPace, signal: ending.signal })
    setTimeout(() => ending.abort(), 30)
    const result = await running
    t.equal(result.code, 130)
    t.match(summaryOf(result), { ending: 'interrupted', packets: 1 })
  }
  t.ok(silent.destroyed)
})

t.test('waits for a slow reader before it goes on reading', async t => {
  let given = 0
  const records = classic(1, new Array<TestPacket>(50).fill({ bytes: inbound }))
  async function* pieces() {
    yield records.subarray(0, 24)
    for (given = 1; given <= 40; given++) yield records.subarray(24)
  }
  let asked = 0
  const { promise: waiting, resolve: release } = Promise.withResolvers<void>()
  const drained = () => (++asked === 1 ? waiting : Promise.resolve())
  const running = run(Readable.from(pieces(), { highWaterMark: 1 }), { drained })
  await new Promise(resolve => setTimeout(resolve, 30))
  t.ok(given < 10, `${given} pieces were taken while nobody took the first lines`)
  release()
  t.equal(summaryOf(await running).packets, 2000)
})

t.test('hostile captures never throw anything but a Failure, and every packet is in one place', async t => {
  const { section, interface: described, packet, simple } = blocks()
  const seeds = [
    mixed,
    Uint8Array.from(
      [section(), described(1), described(239), packet({ bytes: inbound }), simple(outbound), packet({ bytes: arp }, 1)].flat(),
    ),
    classic(LinkType.nflog, [{ bytes: [2, 0, 0, 5, ...attribute(10, [65, 0]), ...attribute(9, ip4(6, tcp(1, 22)))] }, cut]),
    gzipSync(mixed),
  ]
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 10 })
  const hostile = fc.asyncProperty(fc.nat(seeds.length - 1), changes, async (seed, edits) => {
    const file = Buffer.from(seeds[seed])
    for (const [at, put] of edits) file[at % file.length] = put
    const result = await run(file)
    assert.ok(result.error === undefined || result.error instanceof Failure, String(result.error))
    if (result.printed.length === 0) return
    const { packets, send, drop, notIp, otherLink, broken, cut } = summaryOf(result)
    const events = [send, drop].flatMap(one => Object.values<number>(one)).reduce((sum, count) => sum + count, 0)
    assert.equal(events + notIp + otherLink + broken + cut, packets)
  })
  await t.resolves(fc.assert(hostile, { numRuns: 600 }))
})
