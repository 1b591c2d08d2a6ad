import t from 'tap'
import { EventRecord } from '../event.ts'
import { Message } from '../message.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import { recognisers } from './index.ts'

const message = new Message()
const event = new EventRecord()

function isLate(line: string): boolean {
  const bytes = Buffer.from(line)
  readHeader(message, bytes, 0, bytes.length)
  const recogniser = recognisers.find(one => one.claims(message) >= 0)
  event.reset()
  recogniser?.read(message, event, recogniser.claims(message))
  return event.isLate
}

const filter = (flags: string) =>
  `<134>Nov 20 12:00:01 filterlog[9]: 4,,,1000000103,igb0,match,block,in,4,0x0,,57,0,0,DF,6,tcp,52,203.0.113.5,192.0.2.10,443,51514,0,${flags}`
const packet = (flags: string) =>
  `<4>Nov 20 12:00:01 gw kernel: DROP IN=eth0 OUT= MAC= SRC=203.0.113.5 DST=192.0.2.10 LEN=40 PROTO=TCP SPT=443 DPT=51514 ${flags}`
const asa = (flags: string) =>
  `<166>Nov 20 2026 12:00:01: %ASA-6-106015: Deny TCP (no connection) from 203.0.113.5/443 to 192.0.2.10/51514 flags ${flags} on interface x`
const six = (flags: string) =>
  `<134>Nov 20 12:00:01 filterlog[9]: 4,,,1000000103,igb0,match,block,in,6,0x00,0x00000,57,tcp,6,52,2001:db8::5,2001:db8:1::1,443,51514,0,${flags}`

t.test('a TCP packet is late if its flags are stated and SYN is none of them', async t => {
  for (const flags of ['A,1,2,501,,', 'FA,1,2,501,,', 'R,1,,0,,']) t.ok(isLate(filter(flags)), flags)
  for (const flags of ['S,1,,64240,,mss', 'SA,1,2,64240,,mss', ',1,,64240,,', '']) t.notOk(isLate(filter(flags)), flags)
  t.ok(isLate(six('RA,1,2,501,,')))
  t.notOk(isLate(six('S,1,,501,,')))
  for (const flags of ['ACK PSH', 'ACK FIN', 'RST']) t.ok(isLate(packet(`WINDOW=5219 RES=0x00 ${flags} URGP=0 `)), flags)
  for (const flags of ['WINDOW=5219 RES=0x00 SYN URGP=0', 'WINDOW=5219 RES=0x00 ACK SYN URGP=0', 'WINDOW=5219 RES=0x00 AC', ''])
    t.notOk(isLate(packet(flags)), flags)
  for (const flags of ['FIN ACK', 'RST', 'ACK']) t.ok(isLate(asa(flags)), flags)
  t.notOk(isLate(asa('SYN ACK')))
})

t.test('a packet is late if the product says that it belongs to no connection', async t => {
  const sonic = (text: string) => `id=firewall sn=1 m=36 msg="${text}" src=203.0.113.5:443:X1 dst=192.0.2.10:51514:X0 proto=tcp/51514`
  t.ok(isLate(sonic('TCP packet received on a non-existent/closed connection; TCP packet dropped')))
  t.notOk(isLate(sonic('TCP packet dropped')))
  const sophos = (text: string) =>
    `device="SFW" log_type="Firewall" log_component="Invalid Traffic" log_subtype="Denied" protocol="TCP" src_ip=203.0.113.5 message="${text}"`
  t.ok(isLate(sophos('Could not associate packet to any connection.')))
  t.notOk(isLate(sophos('Invalid TCP state.')))
})
