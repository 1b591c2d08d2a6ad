import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { netfilter } from './netfilter.ts'

const read = lineReader(netfilter)

const packet = 'IN=eth0 OUT= MAC= SRC=203.0.113.5 DST=198.51.100.80 LEN=40 PROTO=TCP SPT=4711 DPT=23 SYN'

t.test('the prefix says what became of the packet, in the words of each product', async t => {
  for (const [prefix, action, rule] of [
    ['[UFW BLOCK] ', 'deny'],
    ['[UFW ALLOW] ', 'allow'],
    ['Shorewall:net-fw:DROP:', 'drop'],
    ['filter_IN_drop_REJECT: ', 'reject'],
    ['[WAN_IN-2000-D]', 'drop', '2000'],
    ['[WAN_IN-A-2147483647]', 'allow', '2147483647'],
    ['[LAN_IN-RET-1]', 'other'],
    ['', 'other'],
  ]) {
    const got = Object(read(`<4>Nov 20 12:00:01 gw kernel: [32800.864] ${prefix}${packet}`))
    t.same([got['event.action'], got['rule.id']], [action, rule], prefix)
  }
})

t.test("a host's name and a rule's description are no prefix", async t => {
  t.match(read(`<4>Nov 20 12:00:01 drop-gw kernel: ${packet}`), { 'event.action': 'other' })
  t.match(read(`<4>Nov 20 12:00:01 gw [LAN-A-7] DESCR="Block it" ${packet}`), { 'event.action': 'allow' })
})

t.test('of an ICMP error the packet that it is about is left out', async t => {
  const quoted = '[SRC=198.51.100.80 DST=203.0.113.5 LEN=60 PROTO=UDP SPT=1 DPT=53 ]'
  t.same(read(`<4>Nov 20 12:00:01 gw kernel: DROP IN=eth0 SRC=203.0.113.5 DST=198.51.100.80 LEN=88 PROTO=ICMP TYPE=3 CODE=3 ${quoted}`), {
    'event.action': 'drop',
    'source.ip': '203.0.113.5',
    'destination.ip': '198.51.100.80',
    'network.transport': 'icmp',
    'network.bytes': 88,
  })
})

t.test('what a stranger makes a program write is no packet', async t => {
  for (const line of [
    `<4>Nov 20 12:00:01 web nginx[71]: ${packet}`,
    `<4>Nov 20 12:00:01 web front: "GET /${packet}"`,
    '<4>Nov 20 12:00:01 gw kernel: SRC=203.0.113.5',
    `${packet.slice(packet.indexOf('SRC='))}`,
  ])
    t.equal(read(line), 'not claimed', line)
})
