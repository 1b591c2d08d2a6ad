import fc from 'fast-check'
import t from 'tap'
import { toEcs } from '../event.ts'
import { Reading } from '../recognisers/recogniser.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import { Gateway } from './gateways.ts'
import { Interpreter } from './interpreter.ts'

const now = Date.UTC(2026, 10, 20, 12, 0, 5)
const fresh = () => ({ interpreter: new Interpreter(new Triage(new Networks(['198.51.100.0/24']))), gateway: new Gateway(1, '192.0.2.1') })

function interpret({ interpreter, gateway }: ReturnType<typeof fresh>, line: string) {
  // one buffer for all messages, as sources have it
  const bytes = Buffer.alloc(1024)
  const reading = interpreter.interpret(bytes, 0, bytes.write(line, 'latin1'), gateway, now)
  const { recogniser, product, rule, event } = interpreter
  return { name: recogniser?.name, product, reading, ...(reading === Reading.event && { rule, event: toEcs(event) }) }
}

// the second of two like ones is longer or shorter in front, so that nothing found in the first holds for it
const lines: readonly [string, string][] = [
  [
    'cisco-asa',
    '<164>Nov 20 12:00:01 edge : %ASA-4-106023: Deny tcp src outside:203.0.113.5/4711 dst dmz:198.51.100.80/23 by access-group "x"',
  ],
  [
    'cisco-asa',
    '<164>Nov 20 2026 12:00:01 edge-asa : %ASA-4-106023: Deny udp src outside:203.0.113.16/17 dst inside:198.51.100.8/3389 by access-group "x"',
  ],
  [
    'pfsense',
    '<134>Nov 20 12:00:01 filterlog[61234]: 4,,,1000000103,igb0,match,block,in,4,0x0,,244,1,0,none,6,tcp,40,203.0.113.5,198.51.100.80,4711,23,0,S,1,,1024,,mss',
  ],
  [
    'pfsense',
    '<134>Nov 20 12:00:01 fw filterlog[6]: 77,,,1600000001,igb1,match,pass,in,4,0x0,,244,1,0,none,17,udp,44,10.1.2.3,203.0.113.9,5311,53,24',
  ],
  [
    'netfilter',
    '<4>Nov 20 12:00:01 gw kernel: [32800.864] [DROP]IN=eth0 OUT= MAC= SRC=203.0.113.5 DST=198.51.100.80 LEN=40 PROTO=TCP SPT=4711 DPT=23 SYN ',
  ],
  [
    'netfilter',
    '<4>Nov 20 12:00:01 gw kernel: [ACCEPT]IN=eth1 OUT=eth0 SRC=10.1.2.3 DST=203.0.113.9 LEN=60 PROTO=UDP SPT=53001 DPT=53 LEN=40 ',
  ],
  [
    'paloalto',
    `<14>Nov 20 12:00:01 pa-edge 1,2026/11/20 12:00:01,001234567890,TRAFFIC,drop,2561,2026/11/20 12:00:01,203.0.113.5,198.51.100.80,0.0.0.0,0.0.0.0,deny-all,,,not-applicable,vsys1,untrust,dmz,ethernet1/1,ethernet1/2,fwd,2026/11/20 12:00:01,1,1,4711,23,0,0,0x0,tcp,deny,40,20,20,1,2026/11/20 12:00:01,0,any`,
  ],
  [
    'paloalto',
    `<14>Nov 20 12:00:01 pa 1,2026/11/20 12:00:01,0012,THREAT,url,2561,2026/11/20 12:00:01,10.1.2.3,203.0.113.9,0.0.0.0,0.0.0.0,web,,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,fwd,2026/11/20 12:00:01,1,1,5001,443,0,0,0x0,tcp,block-url,"example.org/",(9999),gambling`,
  ],
  ['sshd', '<38>Nov 20 12:00:01 bastion sshd[4711]: Failed password for invalid user root from 203.0.113.5 port 32306 ssh2'],
  [
    'fortigate',
    '<189>date=2026-11-20 time=12:00:01 devname="FG" devid="FG100E0000000001" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=203.0.113.5 srcport=4711 srcintf="wan1" dstip=198.51.100.80 dstport=23 dstintf="dmz" proto=6 action="deny" policyid=0',
  ],
  ['none', '<14>Nov 20 12:00:01 gw something else that nobody knows'],
]

t.test('reads each message as if it were the first, whatever came before it', async t => {
  const alone = lines.map(([name, line]) => {
    const result = interpret(fresh(), line)
    t.equal(result.name ?? 'none', name, line)
    if (name !== 'none') t.equal(result.reading, Reading.event, line)
    return JSON.stringify(result)
  })
  const order = fc.array(fc.nat(lines.length - 1), { minLength: 1, maxLength: 40 })
  const judge = (indexes: number[]) => {
    const one = fresh()
    // a source that was blocked before changes the verdict on what it is allowed; none of these is allowed from outside
    return indexes.every(index => JSON.stringify(interpret(one, lines[index][1])) === alone[index])
  }
  t.doesNotThrow(() => fc.assert(fc.property(order, judge), { numRuns: 300 }))
})

t.test('names no product for a message that nobody claims, after one that somebody did', async t => {
  const one = fresh()
  t.not(interpret(one, lines[0][1]).product, 0)
  const last = interpret(one, lines[lines.length - 1][1])
  t.equal(last.product, 0)
  t.equal(last.reading, Reading.unreadable)
})

t.test('counts for each product what its recogniser claimed and could not make out', async t => {
  const one = fresh()
  for (const [, line] of lines) interpret(one, line)
  interpret(one, '<134>id=firewall sn=0017C5000001 m=36 msg="TCP packet dropped" src=nowhere dst=nowhere')
  const claimed = (product: string, count: number, unreadable = 0) => ({ product, claimed: count, unreadable })
  t.same(one.interpreter.products, [
    claimed('fortigate', 1),
    claimed('cisco-asa', 2),
    claimed('paloalto', 2),
    claimed('pfsense', 2),
    claimed('sonicwall', 1, 1),
    claimed('netfilter', 2),
    claimed('sshd', 1),
  ])
})
