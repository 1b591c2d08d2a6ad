import t from 'tap'
import { Clock } from '../../event.ts'
import { formatAddress } from '../../lib/address.ts'
import { NflogDecoder, type NflogSink, type OpenNflog, openNflogSource } from './nflog.ts'
import { attribute, be32, ip4, ip6, nflogMessage, tcp, udp } from './test-packets.ts'

/** A packet of a group, as the kernel would log it. */
const logged = (group: number, sequence: number, protocol: number, packet: readonly number[], more: readonly number[] = []): number[] =>
  nflogMessage(group, [
    ...attribute(1, [protocol >> 8, protocol & 255, 1, 0]),
    ...attribute(10, [...Buffer.from('DROP '), 0]),
    ...attribute(12, be32(sequence)),
    ...more,
    ...attribute(9, packet),
  ])

/** A sink that writes down what it gets, as text. */
function notebook(groups: readonly number[], before?: Readonly<Record<string, number>>): { decoder: NflogDecoder; notes: string[] } {
  const notes: string[] = []
  const sink: NflogSink = {
    receivedAtMs: 0,
    deliver: (event, bytes, record) => {
      const prefix = Buffer.from(bytes.subarray(record.prefixStart, record.prefixEnd)).toString()
      const time = event.clock === Clock.exact ? ` at ${event.time}` : ''
      notes.push(`${record.group} ${prefix}${formatAddress(event.words)} ${event.destinationPort}${time}`)
    },
    refuse: reason => notes.push(reason),
  }
  return { decoder: new NflogDecoder(groups, sink, before), notes }
}

const four = ip4(6, tcp(40000, 22))
const done = nflogMessage(0, [], 3)

function decode(decoder: NflogDecoder, ...messages: readonly (readonly number[])[]): void {
  const bytes = Uint8Array.from(messages.flat())
  decoder.decode(bytes, bytes.length)
}

t.test('makes an event of each packet, with its rule’s prefix and the kernel’s time', async test => {
  const { decoder, notes } = notebook([5, 6])
  const time = attribute(3, [0, 0, 0, 0, ...be32(1_790_000_000), 0, 0, 0, 0, ...be32(1000)])
  decode(decoder, logged(5, 0, 0x0800, four, time), logged(6, 0, 0x86dd, ip6(17, udp(1, 53))), done)
  test.same(notes, ['5 DROP 192.0.2.1 22 at 1790000000001', '6 DROP 2001:db8::1 53'])
  test.match(decoder, { received: 2, lost: 0 })
})

t.test('counts what is missing in each group by itself', async test => {
  const { decoder } = notebook([5, 6])
  const numbers = [
    [5, 10],
    [6, 0],
    [5, 11],
    [6, 4],
    [5, 14],
    [6, 5],
  ]
  decode(decoder, ...numbers.map(([group, sequence]) => logged(group, sequence, 0x0800, four)))
  test.match(decoder, { received: 6, lost: 5 })
  test.same(decoder.lastSequences, { 5: 14, 6: 5 })

  const next = notebook([5], decoder.lastSequences).decoder
  decode(next, logged(5, 17, 0x0800, four), logged(6, 6, 0x0800, four), logged(7, 9, 0x0800, four))
  test.match(next, { received: 3, lost: 2 }, 'what is missing behind those before counts, in groups that were not asked for too')
  test.same(next.lastSequences, { 5: 17, 6: 6, 7: 9 })
})

t.test('a group that was not asked for, as a socket handed over may have, is read, and counted by itself', async test => {
  const { decoder, notes } = notebook([5])
  const numbers = [
    [5, 10],
    [600, 70],
    [5, 11],
    [600, 72],
  ]
  decode(decoder, ...numbers.map(([group, sequence]) => logged(group, sequence, 0x0800, four)))
  test.match(decoder, { received: 4, lost: 1 })
  test.equal(notes[1], '600 DROP 192.0.2.1 22')
  test.same(decoder.groups, [5, 600])
})

t.test('what is no packet of IP is received, and refused', async test => {
  const { decoder, notes } = notebook([5])
  decode(decoder, logged(5, 0, 0x0806, four), logged(5, 1, 0x0800, four.slice(0, 19)), nflogMessage(5, [], 9), done, [1, 2, 3])
  test.same(notes, ['not-ip', 'broken-packet', 'broken-packet', 'broken-packet'])
  test.equal(decoder.received, 4)
})

t.test('a packet whose EtherType the kernel did not say is read by its version', async test => {
  const { decoder, notes } = notebook([5])
  decode(decoder, nflogMessage(5, attribute(9, four)))
  test.same(notes, ['5 192.0.2.1 22'])
})

t.test('asks for headers only, drains when it closes, and reports what was lost', async test => {
  let asked: Parameters<OpenNflog>[0] | undefined
  const drained: unknown[] = []
  const troubles: Error[] = []
  const source = openNflogSource({
    groups: [5],
    sink: { receivedAtMs: 0, deliver: () => undefined, refuse: () => undefined },
    onError: error => troubles.push(error),
    open: options => {
      asked = options
      return {
        receiveBufferBytes: 1 << 20,
        statistics: () => ({ overruns: 3, waits: 1, kernelDrops: 4 }),
        close: async ms => void drained.push(ms),
      }
    },
  })
  const bytes = Uint8Array.from([...logged(5, 1, 0x0800, four), ...logged(5, 9, 0x0800, four), 0, 0, 0, 0])
  asked?.onBatch(bytes, bytes.length - 4)
  asked?.onError(new Error('gone'))
  test.match(asked, { groups: [5], copyRange: 96 })
  test.notOk(asked !== undefined && 'fd' in asked)
  test.equal(source.address, 'group 5')
  test.same(source.packets(), { received: 2, lost: 7 })
  test.same(source.counters, { overruns: 3, waits: 1 })
  test.equal(source.receiveBufferBytes, 1 << 20)
  test.match(troubles, [{ message: 'gone' }])
  await source.close()
  test.same(drained, [250])
})

t.test('listens on a socket handed over, and says which groups come from it', async test => {
  let asked: Parameters<OpenNflog>[0] | undefined
  const source = openNflogSource({
    groups: [5],
    fd: 7,
    sink: { receivedAtMs: 0, deliver: () => undefined, refuse: () => undefined },
    onError: error => test.fail(error.message),
    open: options => {
      asked = options
      return { receiveBufferBytes: 1 << 20, statistics: () => ({ overruns: 0, waits: 0, kernelDrops: 0 }), close: async () => undefined }
    },
  })
  test.match(asked, { fd: 7, groups: [5] })
  const bytes = Uint8Array.from(logged(6, 900, 0x0800, four))
  asked?.onBatch(bytes, bytes.length)
  test.equal(source.address, 'groups 5, 6')
  test.equal(source.kernelLost(), 0, 'numbers begin where they are')
})
