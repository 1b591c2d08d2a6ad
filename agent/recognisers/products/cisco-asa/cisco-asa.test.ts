import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { ciscoAsa } from './cisco-asa.ts'

const read = lineReader(ciscoAsa)

const text = 'Deny tcp src outside:203.0.113.66/55011 dst dmz:192.0.2.25/3389 by access-group "outside_in" [0x0, 0x0]'
const denied = { 'event.action': 'deny', 'source.ip': '203.0.113.66', 'destination.ip': '192.0.2.25', 'destination.port': 3389 }

t.test('knows the code in every spelling and behind every header', async t => {
  for (const header of [
    '%ASA-4-106023: ',
    '%ASA-4-106023 ',
    '%ASA-session-4-106023: ',
    '%ASA-106023: ',
    '%FTD--4-106023: ',
    '%FTD<Up>-4-106023: ',
    '%PIX-ip-4-106023: ',
    '%FWSM-4-106023: ',
    '%%ASA-4-106023: ',
    'ASA-4-106023: ',
    '<164>Nov 20 2026 12:00:01: %ASA-4-106023: ',
    '<164>Nov 20 2026 12:00:01 GMT: %ASA-4-106023: ',
    '<164>Nov 20 2026 12:00:01 edge : %ASA-4-106023: ',
    '<164>:Nov 20 12:00:01 UTC: %ASA-4-106023: ',
    '<164>2026-11-20T12:00:01Z edge : %ASA-4-106023: ',
    '<164>edge %ASA-4-106023: ',
    'Nov 20 2026 12:00:01 localhost CiscoASA[999]: %ASA-4-106023: ',
    'Nov 20 12:00:01 relay.example.net edge/edge :Nov 20 2026 12:00:01 GMT: %ASA-4-106023: ',
  ])
    t.match(read(header + text), denied, header)
})

t.test('does not claim other products of the maker, nor text that quotes a code', async t => {
  for (const line of [
    '<189>29: *Nov 20 12:00:01.411: %SYS-5-CONFIG_I: Configured from console by console',
    '%SEC-6-IPACCESSLOGP: list 102 denied tcp 203.0.113.6(3067) -> 192.0.2.7(139), 1 packet',
    '%ACE-3-251010: Health probe failed for server 192.0.2.1 on port 8000, server reply timeout',
    `<13>Nov 20 12:00:01 web proxy: GET "/%ASA-4-106023: ${text}"`,
    `<13>Nov 20 12:00:01 fw date=2026-11-20 url=/%ASA-4-106023: ${text}`,
    '%ASA-4-10602: five digits',
    '%ASA-4-1060231: seven digits',
    '%ASA',
    '%',
    '',
  ])
    t.equal(read(line), 'not claimed', line)
})

t.test('a name that someone chose to log in with can put no other address in its place', async t => {
  const real = '203.0.113.79'
  const forged = ' : user IP = 192.0.2.1'
  for (const line of [
    `%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = x${forged} : user IP = ${real}`,
    `%ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 10.20.0.3 : user = x : server = 192.0.2.1${forged} : user IP = ${real}`,
    `%ASA-6-109006: Authentication failed for user x from 192.0.2.1/1 to 192.0.2.2/2 on interface y from ${real}/4711 to 198.51.100.1/22 on interface outside`,
    `%ASA-6-716039: Group <g> User <x> IP <192.0.2.1> Authentication: rejected, Session Type: WebVPN. y> IP <${real}> Authentication: rejected, Session Type: WebVPN.`,
    `%ASA-6-611102: User authentication failed: IP address: ${real}, Uname: x failed: IP address: 192.0.2.1`,
    `%ASA-6-605004: Login denied from ${real}/4711 to outside:198.51.100.1/ssh for user "x from 192.0.2.1/1 to outside:192.0.2.2/ssh"`,
  ]) {
    const got = read(line)
    if (typeof got !== 'string') t.equal(got['source.ip'], real, line)
    else t.fail(`${got}: ${line}`)
  }
})

t.test("a URL or user agent can't pass for a field of a security event", async t => {
  const got = read(
    '%FTD-1-430003: AccessControlRuleAction: Block, SrcIP: 203.0.113.96, DstIP: 192.0.2.25, SrcPort: 57379, DstPort: 80, Protocol: tcp, ' +
      'UserAgent: x, AccessControlRuleAction: Allow, SrcIP: 192.0.2.1, DstPort: 1, URL: http://a, DstIP: 192.0.2.2',
  )
  t.match(got, { 'event.action': 'deny', 'source.ip': '203.0.113.96', 'destination.ip': '192.0.2.25', 'destination.port': 80 })
})

t.test('numbers that are not listed are read by their words, and only if both ends can be', async t => {
  t.match(read('%ASA-3-999123: TCP packet seen from outside:203.0.113.6/4 to inside:10.0.0.1/25'), {
    'event.action': 'other',
    'source.ip': '203.0.113.6',
    'destination.ip': '10.0.0.1',
  })
  t.match(read('%ASA-3-999124: Dropped UDP packet from outside:203.0.113.6/4 to inside:10.0.0.1/25'), { 'event.action': 'drop' })
  t.equal(read('%ASA-3-999125: Something came from outside:203.0.113.6/4 and went away'), 'ignored')
  t.equal(read("%ASA-5-111008: User 'a' executed the 'copy from 203.0.113.6/4 to 10.0.0.1/25' command."), 'ignored')
})

t.test('an interface may have a name of several words, and an address may be a name', async t => {
  t.match(
    read('%ASA-6-302016: Teardown UDP connection 9 for outside:192.0.2.67/67 to NP Identity Ifc:10.0.0.1/68 duration 0:00:01 bytes 42'),
    {
      'destination.ip': '10.0.0.1',
      'network.bytes': 42,
    },
  )
  const got = read('%ASA-6-302013: Built inbound TCP connection 1 for dmz:web-01/5802 (web-01/5802) to inside:10.0.0.1/80 (10.0.0.1/80)')
  t.match(got, { 'source.port': 5802, 'destination.ip': '10.0.0.1', 'destination.port': 80 })
  t.notOk(Object.hasOwn(Object(got), 'source.ip'))
})

t.test('a command or a name in front of the ends can put no other address in their place', async t => {
  const forged = 'x from outside:192.0.2.1/1 to inside:192.0.2.2/22 y'
  const real = { 'source.ip': '203.0.113.79', 'destination.ip': '198.51.100.1' }
  const ends = 'from outside:203.0.113.79/4711 to dmz:198.51.100.1/21'
  t.match(read(`%ASA-5-303004: FTP ${forged} command unsupported - failed strict inspection, terminating connection ${ends}`), real)
  t.match(read(`%ASA-6-109025: Authorization denied (acl=1) for user '${forged}' ${ends} on interface outside using protocol 6`), real)
  t.match(read(`%ASA-6-109005: Authentication succeeded for user '${forged}' ${ends} on interface outside`), real)
  const closed = read(`%ASA-6-315011: SSH session from 203.0.113.79 on interface outside for user "${forged}" disconnected by SSH server`)
  t.match(closed, { 'source.ip': '203.0.113.79' })
  t.notOk(Object.hasOwn(Object(closed), 'destination.ip'))
})

t.test("a user agent can't say how many bytes or which signature", async t => {
  const event = 'AccessControlRuleAction: Block, SrcIP: 203.0.113.96, DstIP: 192.0.2.25, Protocol: tcp'
  const counts = 'InitiatorBytes: 1, ResponderBytes: 2'
  t.match(read(`%FTD-1-430003: ${event}, UserAgent: x, ${counts}`), { 'network.bytes': 3 })
  t.notOk(Object.hasOwn(Object(read(`%FTD-1-430003: ${event}, UserAgent: x, InitiatorBytes: 9, ${counts}`)), 'network.bytes'))
  t.notOk(Object.hasOwn(Object(read(`%FTD-1-430001: ${event}, URL: x, SID: 9, SID: 17279`)), 'rule.id'))
})
