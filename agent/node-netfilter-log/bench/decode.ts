// ns a packet of the decoder alone, and a fuzz loop over it: `node decode.ts [PACKETS] [HOSTILE_BUFFERS]`
import { EventRecord } from '../../event.ts'
import { readEthernet, readPacket, readRawIp } from '../../sources/packets/ip-header.ts'
import { NflogReading, NflogRecord, readNflog } from '../../sources/packets/nflog-record.ts'
import { attribute, be32, extension, fragmentHeader, ip4, ip6, nflogMessage, tcp, udp } from '../../sources/packets/test-packets.ts'

const [packets = 20_000_000, hostile = 10_000_000] = process.argv.slice(2).map(Number)
const record = new NflogRecord()
const event = new EventRecord()

const message = (i: number, protocol: number, packet: number[]) =>
  nflogMessage(5, [
    ...attribute(1, [protocol >> 8, protocol & 255, 1, 0]),
    ...attribute(10, [...Buffer.from('DROP input: '), 0]),
    ...attribute(4, be32(2)),
    ...attribute(15, [0, 1]),
    ...attribute(17, [0, 14]),
    ...attribute(16, new Array(14).fill(9)),
    ...attribute(12, be32(i)),
    ...attribute(9, [...packet, ...new Array(64 - packet.length).fill(0)]),
  ])
const mixed = Array.from({ length: 1000 }, (_, i) => {
  if (i % 4 === 0) return message(i, 0x86dd, ip6(6, tcp(i, 443)))
  return message(i, 0x0800, i % 4 === 1 ? ip4(17, udp(i, 53)) : ip4(6, tcp(i, 22)))
})
const buffer = Uint8Array.from(mixed.flat())

let events = 0
for (let round = 0; round < 3; round++) {
  const began = performance.now()
  const rounds = Math.ceil(packets / 3 / mixed.length)
  for (let i = 0; i < rounds; i++)
    for (let at = 0; at < buffer.length; at = record.next) {
      if (readNflog(buffer, at, buffer.length, record) !== NflogReading.packet) continue
      event.reset()
      if (readPacket(record.protocol, buffer, record.packetStart, record.packetEnd, event) >= 2) events++
    }
  console.log(`${(((performance.now() - began) * 1e6) / rounds / mixed.length).toFixed(1)} ns a packet`)
}

/** Nothing may lead out of the message, and every step must lead on. */
let seed = 12345
const random = (below: number) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}
const six = ip6(0, [...extension(44), ...fragmentHeader(60, 0), ...extension(17), ...udp(3, 4)])
const seeds = [message(1, 0x0800, ip4(6, tcp(1, 2))), message(2, 0x86dd, ip6(17, udp(1, 2))), nflogMessage(1, attribute(9, six))]
const bytes = new Uint8Array(512)
let read = 0
const began = performance.now()
for (let i = 0; i < hostile; i++) {
  const from = seeds[i % seeds.length]
  bytes.set(from)
  const length = random(8) === 0 ? random(from.length) : from.length
  for (let changes = random(6); changes >= 0; changes--) bytes[random(from.length)] = random(256)
  let steps = 0
  for (let at = 0; at < length; at = record.next) {
    const reading = readNflog(bytes, at, length, record)
    if (record.next <= at || record.next > length || ++steps > 64) throw new Error(`buffer ${i}`)
    if (reading !== NflogReading.packet) continue
    if (record.packetEnd > length || record.prefixEnd > length || record.linkEnd > length) throw new Error(`buffer ${i}`)
    event.reset()
    readPacket(record.protocol, bytes, record.packetStart, record.packetEnd, event)
    readRawIp(bytes, record.packetStart, record.packetEnd, event)
    readEthernet(bytes, record.packetStart, record.packetEnd, event)
    if (event.sourcePort > 65535 || event.destinationPort > 65535 || event.protocol > 255) throw new Error(`buffer ${i}`)
    read++
  }
}
console.log(
  `${hostile} hostile buffers in ${((performance.now() - began) / 1000).toFixed(1)} s, ${read} of them packets; ${events} events before`,
)
