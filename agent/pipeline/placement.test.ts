// From a message to the columns of a batch: no address that shows a private one is in them, whichever field of which product it was in.
import t from 'tap'
import { packBatch } from '../batch/pack.ts'
import { unpack } from '../batch/unpack.ts'
import { Accounts } from '../ledger/accounts.ts'
import { Networks } from '../triage/networks.ts'
import { Pseudonyms } from '../triage/pseudonym.ts'
import { rules } from '../triage/rules.ts'
import { Triage } from '../triage/triage.ts'
import { Collector } from './collector.ts'
import { emptyNumbering, Gateways } from './gateways.ts'
import { OpenBatches } from './open-batches.ts'

const sonicwall = (ends: string) =>
  `<134>id=firewall sn=0 time="2026-11-20 12:00:00" fw=198.51.100.1 pri=1 c=64 m=36 msg="TCP packet dropped" ${ends} proto=tcp/ssh`
const netfilter = (source: string, destination: string) =>
  `<4>kernel: [DROP]IN=eth0 OUT= SRC=${source} DST=${destination} PROTO=TCP SPT=1 DPT=22`
const out = '203.0.113.9'

async function leaving(lines: readonly string[]) {
  const batches = new OpenBatches()
  const triage = new Triage(new Networks(['198.51.100.0/24', '2001:db8:51::/48']))
  const collector = new Collector(new Accounts(), batches, new Gateways(emptyNumbering, () => undefined), triage)
  const sink = collector.sinkFor('udp')
  sink.receivedAtMs = Date.parse('2026-11-20T12:00:00Z')
  for (const line of lines) sink.deliver(Buffer.from(line), 0, line.length, '192.0.2.1')
  const filled = batches.take()
  if (filled === undefined) throw new Error('there is a batch')
  const pseudonyms = new Pseudonyms(Buffer.alloc(16, 1))
  const pseudonymise = (addresses: Uint8Array) => pseudonyms.of(addresses)
  const batch = unpack(await packBatch(filled.batch, { pseudonymise, reasonName: reason => rules[reason].name, accounting: {} }))
  return Array.from({ length: batch.rows }, (_, row) => batch.event(row))
}

t.test('an address that shows a private one leaves as a pseudonym, and what happened leaves all the same', async t => {
  const wrapped = [
    '2001:db8:9::200:5efe:10.20.30.40',
    '2001:db8:9::5efe:a14:1e28',
    '2001:0:4136:e378:8000:63bf:f5eb:e1d7',
    '2001:db8:a14:1e28::1',
  ]
  const events = await leaving(wrapped.flatMap(address => [netfilter(address, '198.51.100.1'), netfilter(out, address)]))
  t.equal(events.length, wrapped.length * 2)
  for (const { source, destination, reason } of events) {
    t.equal([source, destination].filter(address => address?.startsWith('in-')).length, 1, `${source} ${destination}`)
    t.match(reason, /^blocked-/, 'nobody outside becomes one of us by his address')
  }
})

t.test('so does one whose port was read as a part of it', async t => {
  const ends = ['dst=::ffff:a14:1e28:22', 'dst=64:ff9b::a14:1e28:22', 'dst=fd12:3456::a14:1e28:22:X0']
  for (const event of await leaving(ends.map(end => sonicwall(`src=${out}:1:X1 ${end}`)))) t.match(event.destination, /^in-/)
})

t.test('addresses that show nothing private leave as they are', async t => {
  const events = await leaving([netfilter('2001:db8:ffff::1', '2001:db8:51::80'), netfilter(out, '198.51.100.1')])
  t.same(
    events.map(({ source, destination }) => [source, destination]),
    [
      ['2001:db8:ffff::1', '2001:db8:51::80'],
      [out, '198.51.100.1'],
    ],
  )
})
