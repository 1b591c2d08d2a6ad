import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { sophosXg } from './sophos-xg.ts'

const readLine = lineReader(sophosXg)
const read = (fields: string) => readLine(`<30>device="SFW" date=2026-11-20 time=12:00:01 timezone="GMT" log_component="X" ${fields}`)

const ends = 'src_ip=203.0.113.9 dst_ip=198.51.100.11 protocol="TCP" src_port=60102 dst_port=23'
const actionOf = (fields: string) => Object(read(`${fields} ${ends}`))['event.action']

t.test('the subtype says what was done; what stands beside it counts where it does not', async t => {
  t.equal(actionOf('log_type="Firewall" log_subtype="Denied" status="Deny"'), 'deny')
  t.equal(actionOf('log_type="Firewall" log_subtype="" status="Allow"'), 'allow')
  t.equal(actionOf('log_type="IDP" log_subtype="Detect" action=Deny'), 'deny')
  t.equal(actionOf('log_type="IDP" log_subtype="Detect" action=Allow'), 'detect')
  t.equal(actionOf('log_type="IDP" log_subtype="Drop"'), 'drop')
  t.equal(actionOf('log_type="Anti-Virus" log_subtype="Virus"'), 'deny')
  t.equal(actionOf('log_type="Firewall" log_subtype="Something new"'), 'other')
})

t.test('a web server firewall logs every request, and a reason for those it refused', async t => {
  t.equal(actionOf('log_type="WAF" reason="-"'), 'allow')
  t.equal(actionOf('log_type="WAF" reason=""'), 'allow')
  t.equal(actionOf('log_type="WAF" reason="WAF Anomaly"'), 'deny')
})

t.test('of events only logins say more than that something happened', async t => {
  t.equal(actionOf('log_type="Event" log_subtype="Authentication" status="Failed"'), 'login-failed')
  t.equal(actionOf('log_type="Event" log_subtype="Authentication" status="Successful"'), 'allow')
  t.equal(
    actionOf('log_type="Event" log_subtype="Admin" message="User admin failed to login to WebAdmin due to wrong credentials"'),
    'login-failed',
  )
  t.equal(actionOf('log_type="Event" log_subtype="Admin" status="Failed" message="A setting could not be changed"'), 'other')
  t.equal(actionOf('log_type="Event" log_subtype="System" status="Failed"'), 'other')
})

t.test('a signature is the rule of a detection only', async t => {
  const ruleOf = (type: string) => Object(read(`log_type="${type}" fw_rule_id=29 signature_id=17 ${ends}`))['rule.id']
  t.equal(ruleOf('IDP'), '17')
  t.equal(ruleOf('Firewall'), '29')
})

t.test('the source of a file in the sandbox is where it came from, and nowhere else an address', async t => {
  t.match(read('log_type="Sandbox" log_subtype="Denied" src_ip=10.1.2.3 source="203.0.113.9"'), { 'destination.ip': '203.0.113.9' })
  t.notOk(Object.hasOwn(Object(read('log_type="Firewall" log_subtype="Denied" src_ip=10.1.2.3 source="203.0.113.9"')), 'destination.ip'))
})

t.test('what is not about a connection is known; a connection without ends is damaged', async t => {
  t.equal(read('log_type="System Health" log_subtype="Usage" src_ip=203.0.113.9'), 'ignored')
  t.equal(read('log_type="Event" log_subtype="System" message="Restarted"'), 'ignored')
  t.equal(read('log_type="Firewall" log_subtype="Denied"'), 'unreadable')
})

t.test('a URL, a user or a message that somebody chose puts no other address in its place', async t => {
  const forged = 'src_ip=192.0.2.1 dst_ip=192.0.2.2 dst_port=22 log_type="System Health"'
  for (const fields of [`user_name="x ${forged.replaceAll('"', '')}"`, `url="http://x/${forged}`, `message="${forged}`, forged])
    t.match(
      read(`log_type="Firewall" log_subtype="Denied" ${ends} ${fields}`),
      { 'source.ip': '203.0.113.9', 'destination.port': 23 },
      fields,
    )
})

t.test('a name that ends its own quotes and begins others hides no address', async t => {
  const login =
    'log_type="Event" log_component="GUI" log_subtype="Admin" status="Failed" user_name="NAME" src_ip=203.0.113.9 message="User failed to login"'
  t.match(read(login), { 'source.ip': '203.0.113.9' })
  for (const name of ['x" src_ip=192.0.2.1 w=', 'x" src_ip=192.0.2.1 w="\\', 'x" src_ip=192.0.2.1 w="a" v='])
    for (let times = 0; times < 3; times++) t.equal(read(login.replace('NAME', () => name)), 'unreadable', name)
  t.match(read(login.replace('NAME', 'x=')), { 'source.ip': '203.0.113.9' })
})

t.test('a name or a URL makes up no destination of a login, and no large count', async t => {
  const forged = 'x" dst_ip=192.0.2.1 log_occurrence=4000000000 y="'
  const login = `log_type="Event" log_component="GUI" log_subtype="Admin" status="Failed" user_name="${forged}" src_ip=203.0.113.9 message="User failed to login"`
  t.notOk(Object.hasOwn(Object(read(login)), 'destination.ip'))
  t.ok(Number(Object(read(login))['event.count'] ?? 1) <= 65_535)
})
