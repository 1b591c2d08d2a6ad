import t from 'tap'
import { Message } from '../../../message.ts'
import { lineReader } from '../../../testing/reading.ts'
import { fortigate } from './fortigate.ts'

function claims(line: string): boolean {
  const message = new Message()
  message.bytes = Buffer.from(line)
  message.end = message.bytes.length
  return fortigate.claims(message) >= 0
}

t.test('leaves the mail, management, analysis and web application gateways of the same vendor alone', async t => {
  for (const line of [
    'date=2026-11-20,time=16:09:16.825,device_id=FEVM020000000001,log_id=0300003065,type=spam,subtype=default,pri=information,client_ip="203.0.113.1",dst_ip="198.51.100.25"',
    'date=2026-11-20 time=14:28:56 tz="+0000" devname=FMG-1 device_id=FMGVMS0000000001 log_id=0001010014 type=event subtype=system pri=alert remote_ip="203.0.113.2"',
    'date=2026-11-20 time=14:28:57 devname=FAZ-1 device_id=FAZVMS0000000001 log_id=0029038009 type=event subtype=logdev pri=warning',
    'date=2026-11-20 time=12:34:56 log_id=20000010 msg_id=1 device_id=FVVM000000000001 vd="root" type=attack subtype="waf" src=203.0.113.3 dst=198.51.100.80',
  ])
    t.notOk(claims(line), line)
})

t.test('a number that another product calls logid does not make a message FortiOS', async t => {
  t.notOk(claims('time=1795176001|hostname=fw|product=Firewall|action=Drop|logid=0|type=Log|src=203.0.113.4|dst=198.51.100.4'))
  t.notOk(claims('1 2026-11-20T12:00:00Z cp CheckPoint 1 - [action:"Drop"; logid:"0"; src:"203.0.113.4"]'))
  t.notOk(claims('user="logid=0000000013 type=traffic'))
  t.notOk(claims('logid= type="traffic"'))
  t.notOk(claims('logid="0000000013"'))
})

t.test('knows a message behind the headers of relays, but does not look for one for ever', async t => {
  const own = 'logid="0000000013" type="traffic" srcip=203.0.113.4'
  t.ok(claims(`Nov 20 12:00:00 relay fortigate: ${own}`))
  t.notOk(claims(`${'x'.repeat(400)} ${own}`))
})

t.test('a message that was cut anywhere is read as it is or not at all, never as another', async t => {
  const read = lineReader(fortigate)
  const values =
    'srcip=203.0.113.45 srcport=51234 dstip=198.51.100.10 dstport=3389 proto=6 action=deny policyid=12 service="RDP" sentbyte=0 crlevel="low"'
  for (const line of [
    `<189>date=2026-11-20 time=12:00:01 tz="+0000" logid="0000000013" type="traffic" subtype="forward" ${values}`,
    `<189>date=2026-11-20,time=12:00:01,tz="+0000",logid="0000000013",type="traffic",subtype="forward",${values.replaceAll(' ', ',')}`,
  ]) {
    const whole = read(line)
    t.match(whole, { 'source.ip': '203.0.113.45', 'destination.ip': '198.51.100.10', 'event.action': 'deny' })
    for (let length = line.indexOf('srcip'); length < line.length; length++) {
      const cut = read(line.slice(0, length))
      if (typeof cut === 'string') continue
      for (const name of ['source.ip', 'source.port', 'destination.ip', 'destination.port'] as const)
        if (name in cut) t.equal(cut[name], Object(whole)[name], line.slice(0, length))
      // without an action FortiOS' traffic is of none, which is sent as nothing
      t.ok(['deny', 'other'].includes(String(cut['event.action'])), line.slice(0, length))
    }
  }
})

t.test('a host name or a URL says neither what was done nor which signature it was', async t => {
  const read = lineReader(fortigate)
  const ends = 'srcip=203.0.113.45 srcport=51234 dstip=198.51.100.10 dstport=80 proto=6'
  const blocked = (host: string) =>
    `date=2026-11-20 time=12:00:01 logid="0317013312" type="utm" subtype="webfilter" ${ends} hostname="${host}" action="blocked" url="/"`
  t.match(read(blocked('x')), { 'event.action': 'deny' })
  t.equal(read(blocked('x" action="passthrough" y="')), 'unreadable')
  const attack = (host: string) =>
    `date=2026-11-20 time=12:00:01 logid="0419016384" type="utm" subtype="ips" ${ends} action="dropped" hostname="${host}" attackid=43745 ref="x"`
  t.match(read(attack('x')), { 'rule.id': '43745' })
  t.match(read(attack('x" attackid=7 y="')), { 'event.action': 'drop', 'source.ip': '203.0.113.45' })
  t.notOk(Object.hasOwn(Object(read(attack('x" attackid=7 y="'))), 'rule.id'))
})

t.test('a name adds no end to a message that has its own under another key', async t => {
  const read = lineReader(fortigate)
  const start = 'date=2026-11-20 time=12:00:01 logid="0101039426" type="event" subtype="vpn" action="ssl-login-fail"'
  for (const forged of ['srcip=192.0.2.1', 'dstip=192.0.2.1', 'remip=192.0.2.1', 'srcip=192.0.2.1 remip=192.0.2.1']) {
    const tunnel = read(`${start} remip=203.0.113.45 user="x" ${forged} y="" group="N/A" reason="x" msg="x"`)
    if (typeof tunnel !== 'string') t.match(tunnel, { 'source.ip': '203.0.113.45' }, forged)
    const admin = read(
      `${start.replace('ssl-login-fail', 'login')} status="failed" user="x" ${forged} y="" ui="https(203.0.113.45)" msg="x"`,
    )
    if (typeof admin !== 'string') t.match(admin, { 'source.ip': '203.0.113.45' }, forged)
  }
  t.match(read(`${start} remip=203.0.113.45 user="x" msg="x"`), { 'source.ip': '203.0.113.45' })
  t.match(read(`${start.replace('ssl-login-fail', 'login')} status="failed" user="x" ui="https(203.0.113.45)" msg="x"`), {
    'source.ip': '203.0.113.45',
  })
})
