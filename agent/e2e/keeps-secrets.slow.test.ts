import fc from 'fast-check'
import t from 'tap'
import { decompress } from '../batch/compress.ts'
import { encodeBatchHeader } from '../batch/frame.ts'
import { type Context, Endpoint, OpenBatch } from '../batch/open-batch.ts'
import { packBatch } from '../batch/pack.ts'
import { unpack } from '../batch/unpack.ts'
import { parseAddress } from '../lib/address.ts'
import { Gateway } from '../pipeline/gateways.ts'
import { Interpreter } from '../pipeline/interpreter.ts'
import { Reading } from '../recognisers/recogniser.ts'
import { readFixtures } from '../testing/fixtures.ts'
import { NetworkKind, Networks } from '../triage/networks.ts'
import { Pseudonyms } from '../triage/pseudonym.ts'
import { rules } from '../triage/rules.ts'
import { Triage } from '../triage/triage.ts'

t.setTimeout(300_000)
const networks = new Networks(['198.51.100.0/24', '2001:db8:51::/48'])
const interpreter = new Interpreter(new Triage(networks))
const pseudonyms = new Pseudonyms(Buffer.alloc(16, 9))
const now = Date.UTC(2026, 10, 21)

/** Every message of every product that becomes an event. */
const lines = [...readFixtures().values()].flat().flatMap(({ line, reading }) => (reading === 'event' ? [line] : []))

/** Words of the line: what stands between blanks, quotes, commas, equals signs and the like. */
const wordsOf = (line: string) => [...line.matchAll(/[^\s"'=,;|:()[\]<>]+/g)].map(match => ({ at: match.index, length: match[0].length }))

const endpointOf = (has: boolean, kind: number) =>
  !has ? Endpoint.absent : kind === NetworkKind.internal ? Endpoint.ours : Endpoint.foreign

/** Puts whatever event a message gives into the batch, as the collector would if triage let everything through. */
function collect(batch: OpenBatch, message: string): boolean {
  const bytes = Buffer.from(message)
  const { event, triage } = interpreter
  if (interpreter.interpret(bytes, 0, bytes.length, new Gateway(1, '10.0.0.1'), now) !== Reading.event) return false
  const context: Context = {
    gateway: 1,
    product: interpreter.product,
    reason: interpreter.rule,
    sourceEndpoint: endpointOf(event.hasSource, triage.sourceKind),
    destinationEndpoint: endpointOf(event.hasDestination, triage.destinationKind),
  }
  batch.add(event, context)
  return true
}

const pack = (batch: OpenBatch) =>
  packBatch(batch, {
    pseudonymise: addresses => pseudonyms.of(addresses),
    reasonName: rule => rules[rule].name,
    accounting: { 'udp.received': 1 },
  })

/** No address of a batch is internal; gives how many were pseudonyms. */
function checkAddresses(t: { fail(text: string): unknown }, packed: Uint8Array): number {
  const read = unpack(packed)
  let hidden = 0
  for (let row = 0; row < read.rows; row++)
    for (const address of [read.event(row).source, read.event(row).destination]) {
      if (address?.startsWith('in-')) hidden++
      else if (address !== null && networks.kindOf(parseAddress(address) ?? new Uint32Array(4), 0) === NetworkKind.internal)
        t.fail(`${address} is internal and would leave`)
    }
  return hidden
}

t.test('no secret planted at any place of any message is in what leaves', async t => {
  const letters = fc.string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'),
    minLength: 8,
    maxLength: 16,
  })
  let events = 0
  const planted = async (line: string, secret: string) => {
    const batch = new OpenBatch()
    for (const { at, length } of wordsOf(line)) {
      if (collect(batch, line.slice(0, at) + secret + line.slice(at + length))) events++
      if (collect(batch, line.slice(0, at) + secret + line.slice(at))) events++
    }
    if (batch.rows === 0) return
    const packed = await pack(batch)
    const plain = decompress(packed)
    for (const form of [
      secret,
      secret.toLowerCase(),
      secret.toUpperCase(),
      Buffer.from(secret).toString('base64').slice(0, 8),
      Buffer.from(secret, 'utf16le').toString('latin1'),
    ])
      if (plain.includes(form, 0, 'latin1')) t.fail(`'${secret}' leaves, planted in: ${line}`)
    checkAddresses(t, packed)
  }
  for (const [i, line] of lines.entries()) await planted(line, `Geheim${String.fromCharCode(65 + (i % 26))}nis`)
  await fc.assert(fc.asyncProperty(fc.constantFrom(...lines), letters, planted), { numRuns: 100 })
  t.ok(events > 10_000, `${events} events were read from messages with a secret in them`)
})

t.test('an internal address leaves only as its pseudonym, wherever it stands', async t => {
  const inside = ['10.11.12.13', '172.20.1.2', '192.168.99.7', '100.64.3.4', '169.254.7.7', 'fd12:3456::7', 'fe80::a:b']
  let hidden = 0
  for (const line of lines)
    for (const address of inside) {
      const replaced = line
        .replace(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, address.includes(':') ? '$&' : address)
        .replace(/2001:db8:[0-9a-f:]+/g, address.includes(':') ? address : '$&')
      const batch = new OpenBatch()
      if (!collect(batch, replaced)) continue
      const packed = await pack(batch)
      hidden += checkAddresses(t, packed)
      const plain = decompress(packed)
      if (plain.includes(address)) t.fail(`${address} leaves as text: ${replaced}`)
    }
  t.ok(hidden > 500, `${hidden} internal addresses left as pseudonyms`)
})

t.test('what leaves outside the seal says which box and which batch, and nothing of its content', async t => {
  const header = encodeBatchHeader({
    device: '01234567-89ab-4def-8123-456789abcdef',
    sequence: 7,
    previous: Buffer.alloc(32),
    sealKey: '0123456789abcdef',
  })
  t.equal(header.length, 1 + 1 + 16 + 6 + 32 + 8, 'format, kind, device, sequence, hash, key: fixed places, no room for more')
})
