import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { sonicwall } from './sonicwall.ts'

const read = lineReader(sonicwall)

const ends = 'src=203.0.113.9:4711:X1 dst=198.51.100.10:3389:X2'
const actionOf = (fields: string) => Object(read(`id=firewall sn=0017C5000001 ${fields} ${ends}`))['event.action']

t.test('the number tells a login from a packet, fw_action whether it went through, and the text what is left', async t => {
  t.equal(actionOf('m=30 msg="Administrator login denied" fw_action="forward"'), 'login-failed')
  t.equal(actionOf('m=537 msg="Connection Closed" fw_action="drop"'), 'end')
  t.equal(actionOf('m=36 msg="TCP connection" fw_action="NA"'), 'drop')
  t.equal(actionOf('m=97 msg="Web site hit" fw_action="reset"'), 'reset')
  t.equal(actionOf('m=1234 msg="Something new" fw_action="discard"'), 'drop')
  t.equal(actionOf('m=609 msg="IPS Prevention Alert"'), 'drop')
  t.equal(actionOf('m=608 msg="IPS Detection Alert: blocked"'), 'deny')
  t.equal(actionOf('m=608 msg="IPS Detection Alert"'), 'detect')
  t.equal(actionOf('m=4711 msg="Packet dropped"'), 'drop')
  t.equal(actionOf('m=99999 msg="Nothing known"'), 'other')
  t.equal(actionOf('msg="User login failed"'), 'login-failed')
})

t.test('a rule counts by its number, a signature before it, and a name is none', async t => {
  const ruleOf = (fields: string) => Object(read(`id=firewall sn=0017C5000001 m=36 ${ends} ${fields}`))['rule.id']
  t.equal(ruleOf('rule="15 (LAN->WAN)"'), '15')
  t.equal(ruleOf('rule="15 (LAN->WAN)" sid=7'), '7')
  t.equal(ruleOf('rule="15 minutes"'), undefined)
  t.equal(ruleOf('rule="Block all"'), undefined)
  t.equal(ruleOf('rule=4294967296'), undefined)
})

t.test('a URL, a user or a message that somebody chose puts no other address in its place', async t => {
  const forged = 'src=192.0.2.1:1:X1 dst=192.0.2.2:22:X2'
  for (const fields of [`msg="x ${forged}"`, `usr="x ${forged}"`, `arg=/?${forged}`, `note="${forged}`])
    t.match(read(`id=firewall sn=0017C5000001 m=36 ${ends} ${fields}`), { 'source.ip': '203.0.113.9', 'destination.port': 3389 }, fields)
  t.match(read(`id=firewall sn=0017C5000001 m=36 ${ends} ${forged}`), { 'source.ip': '203.0.113.9', 'destination.port': 3389 })
})

t.test('claims what begins with its identity, behind whatever header', async t => {
  for (const header of ['', '<134>', '<134> ', '<134>Nov 20 12:00:01 fw ', '<134>1 2026-11-20T12:00:01Z fw sonicwall - - - '])
    t.match(read(`${header}id=firewall sn=0017C5000001 m=36 ${ends}`), { 'source.ip': '203.0.113.9' }, header)
  for (const line of [
    `sn=0017C5000001 m=36 ${ends}`,
    `device=x sn=0017C5000001 ${ends}`,
    `<134>Nov 20 12:00:01 web nginx[7]: id=firewall sn=1 ${ends}`,
  ])
    t.equal(read(line), 'not claimed', line)
})

t.test('a name that ends its own quotes and begins others hides no address', async t => {
  const login = `id=firewall sn=0017C5000001 m=30 msg="Administrator login denied due to bad credentials" usr="NAME" ${ends} note="x"`
  t.match(read(login), { 'source.ip': '203.0.113.9' })
  for (let times = 0; times < 3; times++) t.equal(read(login.replace('NAME', 'x" src=192.0.2.1:1:X1 w=')), 'unreadable')
})

t.test('nor do quotes that never close', async t => {
  const login = `id=firewall sn=0017C5000001 m=30 msg="Administrator login denied due to bad credentials" usr="NAME" ${ends}`
  for (let times = 0; times < 3; times++) t.equal(read(login.replace('NAME', 'x" src=192.0.2.1:1:X1 w=')), 'unreadable')
  t.match(read(`${login.replace('NAME', 'x')} note="cut in the mid`), { 'source.ip': '203.0.113.9' })
})
