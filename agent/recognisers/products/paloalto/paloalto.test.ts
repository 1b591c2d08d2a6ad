import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { paloalto } from './paloalto.ts'

const read = lineReader(paloalto)

const stamp = '2026/11/20 12:00:01'
const ends = '203.0.113.66,192.0.2.25,0.0.0.0,0.0.0.0'
const middle = 'rule,,,app,vsys1,untrust,dmz,ethernet1/1,ethernet1/2,log,2026/11/20 12:00:01,1,1,40001,443,0,0,0x0'

const threat = (subtype: string, action: string, category = 'any', url = '"x"') =>
  `1,${stamp},0011,THREAT,${subtype},2817,${stamp},${ends},${middle},tcp,${action},${url},Name of a threat(40015),${category},high,client-to-server,1,0x0`

t.test('is known behind every header, and without the first column', async t => {
  const rest = `${stamp},0011,TRAFFIC,drop,2817,${stamp},${ends},${middle},tcp,deny,60,60,0,1`
  for (const header of [
    '',
    '1,',
    '0,',
    '<14>Nov 20 12:00:01 pa-edge 1,',
    '<14>Nov 20 12:00:01 1,',
    '<14>1 2026-11-20T12:00:01+01:00 pa-edge - - - - 1,',
    '716 <14>1 2026-11-20T12:00:01+00:00 pa-edge - - - -  1,',
    'Nov 20 12:00:01 192.0.2.250 Nov 20 12:00:01 panorama 1,',
    '2026-11-20T12:00:01+02:00 pa-edge 1,',
  ])
    t.match(read(header + rest), { 'event.action': 'deny', 'source.ip': '203.0.113.66', 'destination.port': 443 }, header)
})

t.test('does not claim what only looks alike', async t => {
  for (const line of [
    '<14>Nov 20 12:00:01 web app: 1,2,3,TRAFFIC,end,5',
    `<14>Nov 20 12:00:01 web app: 1,${stamp},0011,REPORT,end,5`,
    `<14>Nov 20 12:00:01 fw CEF:0|Palo Alto Networks|PAN-OS|11.1|end|TRAFFIC|1|src=192.0.2.1 msg=a,${stamp},b,TRAFFIC,end`,
    `1,${stamp},0011,TRAFFIC`,
    ',,,TRAFFIC,',
    '',
  ])
    t.equal(read(line), 'not claimed', line)
})

t.test('what was let through is a detection, unless the log is one of ordinary sessions', async t => {
  const actionOf = (line: string) => Object(read(line))['event.action']
  for (const subtype of ['vulnerability', 'spyware', 'virus', 'ml-virus', 'scan', 'flood', 'packet', 'wildfire-virus'])
    t.equal(actionOf(threat(subtype, 'alert')), 'detect', subtype)
  for (const subtype of ['url', 'file', 'data']) t.equal(actionOf(threat(subtype, 'alert')), 'allow', subtype)
  t.equal(actionOf(threat('wildfire', 'allow', 'malicious')), 'detect')
  t.equal(actionOf(threat('wildfire', 'allow', 'benign')), 'allow')
})

t.test('what was stopped is said to be stopped in every word for it', async t => {
  const actionOf = (action: string) => Object(read(threat('vulnerability', action)))['event.action']
  for (const action of ['deny', 'block-url', 'block-continue', 'block-override', 'block-ip', 'sinkhole', 'block'])
    t.equal(actionOf(action), 'deny', action)
  for (const action of ['drop', 'drop-packet', 'drop-all-packets', 'random-drop']) t.equal(actionOf(action), 'drop', action)
  for (const action of ['reset-client', 'reset-server', 'reset-both', 'reset both']) t.equal(actionOf(action), 'reset', action)
})

t.test('takes the zone from the stamp that repeats the second, not from a URL that holds one', async t => {
  const url = `"www.example.net/?a=,2026-11-20T12:00:01.000-09:00,"`
  const plain = threat('url', 'alert', 'news', url)
  t.match(read(`${plain},,,,,2026-11-20T12:00:01.051+01:00,,,`), { '@timestamp': '2026-11-20T11:00:01.051Z' })
  t.match(read(`${plain},,,,,1970-01-01T01:00:00.000+01:00,,,`), { '@timestamp': /^2026-11-20T/ }, 'a stamp that was never set')
  t.match(read(threat('url', 'alert')), { '@timestamp': '2026-11-20T12:00:01.000Z' }, 'no such stamp: the wall clock, without a zone')
})

t.test('a name that someone chose to log in with can put no other address in its place', async t => {
  const system = (id: string, text: string) => read(`1,${stamp},0011,SYSTEM,auth,0,${stamp},,${id},,0,0,general,medium,"${text}",1,0x0`)
  const failed = { 'event.action': 'login-failed', 'source.ip': '203.0.113.77' }
  t.match(system('auth-fail', "failed authentication for user 'x' Login from: 192.0.2.1, From: 192.0.2.1'. From: 203.0.113.77."), failed)
  t.match(
    system(
      'globalprotectgateway-auth-fail',
      'GlobalProtect gateway user authentication failed. Login from: 203.0.113.77, User name: x Login from: 192.0.2.1 From: 192.0.2.1.',
    ),
    failed,
  )
  t.equal(system('auth-fail', "failed authentication for user 'x'."), 'ignored')
  t.equal(system('general', 'User x logged in From: 192.0.2.1'), 'ignored')
})
