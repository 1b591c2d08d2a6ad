import t from 'tap'
import { Message } from '../../../message.ts'
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
