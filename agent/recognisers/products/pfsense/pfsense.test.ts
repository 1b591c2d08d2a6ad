import t from 'tap'
import { EventRecord } from '../../../event.ts'
import { Message } from '../../../message.ts'
import { readHeader } from '../../../sources/syslog/syslog-header.ts'
import { lineReader } from '../../../testing/reading.ts'
import { Reading } from '../../recogniser.ts'
import { pfsense } from './pfsense.ts'

const read = lineReader(pfsense)

const text = '4,,,1000000103,igb0,match,block,in,4,0x0,,244,13882,0,none,6,tcp,60,203.0.113.66,198.51.100.25,40001,3389,0,S,1,,42340,,mss'

t.test('filterlog is known under every header', async t => {
  for (const header of [
    '<134>1 2026-11-20T12:00:01.915594+00:00 fw.example.net filterlog 49670 - - ',
    '<134>1 2026-11-20T12:00:01+02:00 opnsense filterlog 69805 - [meta sequenceId="2633353"] ',
    '<134>Nov 20 12:00:01 filterlog[13075]: ',
    '<134>Nov 20 12:00:01 fw.example.net filterlog[13075]: ',
    'Nov 20 12:00:01 pfSense filterlog: ',
    'filterlog: ',
  ])
    t.match(read(header + text), { 'event.action': 'drop', 'source.ip': '203.0.113.66', 'destination.port': 3389 }, header)
})

t.test("other daemons' messages are not claimed, whatever they quote", async t => {
  for (const line of [
    `<134>Nov 20 12:00:01 web nginx[7]: GET /filterlog: ${text}`,
    `<134>1 2026-11-20T12:00:01Z web app 7 - - filterlog: ${text}`,
    `GET /filterlog: ${text}`,
    '<190>Nov 20 12:00:01 fw dhcpd[64305]: DHCPACK on 10.0.0.5 to 00:16:3e:00:00:01 via igb1',
    `<38>Nov 20 12:00:01 web app[7]: x /index.php: webConfigurator authentication error for user 'x' from: 192.0.2.1`,
    "<38>Nov 20 12:00:01 fw php-fpm[7]: /index.php: Successful login for user 'admin' from: 192.0.2.1 (Local Database)",
  ])
    t.equal(read(line), 'not claimed', line)
})

t.test('a name that someone chose to log in with can put no other address in its place', async t => {
  const failed = { 'event.action': 'login-failed', 'source.ip': '203.0.113.77' }
  const pf = '<38>Nov 20 12:00:01 fw php-fpm[7]: /index.php: webConfigurator authentication error for user'
  t.match(read(`${pf} 'x' from: 192.0.2.1' from: 203.0.113.77`), failed)
  t.match(read(`${pf} 'x' from: 203.0.113.77[192.0.2.1]`), failed, 'nor can a header for proxies')
  t.equal(read(`${pf} 'x' from: 192.0.2.1`).toString(), '[object Object]')
  t.equal(read(`${pf} 'x'`), 'unreadable')
  const opn = '<38>Nov 20 12:00:01 fw audit[7]: /index.php: Web GUI authentication error for'
  t.match(read(`${opn} 'x' from 192.0.2.1' from 203.0.113.77`), failed)
})

t.test('what is no port is not taken for one', async t => {
  const head = '<134>Nov 20 12:00:01 filterlog[1]: 4,,,1,igb0,match,pass,in,4,0x0,,255,0,0,DF'
  for (const rest of [
    '112,carp,56,10.0.0.1,224.0.0.18,advertise,255,1,2',
    '1,icmp,84,10.0.0.1,203.0.113.1,request,35846,1846',
    '50,esp,136,10.0.0.1,203.0.113.1,99,98',
  ]) {
    const got = Object(read(`${head},${rest}`))
    t.equal(got['source.ip'], '10.0.0.1')
    t.notOk(Object.hasOwn(got, 'source.port') || Object.hasOwn(got, 'destination.port'), rest)
  }
})

t.test('what stands behind a message makes no package of it', async t => {
  const login = "<38>Nov 20 12:00:01 fw php-fpm[7]: /index.php: webConfigurator authentication error for user 'x'"
  for (const line of [login, `${login} from: (squid`, '<134>Nov 20 12:00:01 filterlog[7]: ']) {
    const bytes = Buffer.from(`${line}(squid-1): TCP_MISS`)
    const message = new Message()
    readHeader(message, bytes, 0, line.length)
    t.equal(pfsense.read(message, new EventRecord(), pfsense.claims(message)), Reading.unreadable, line)
  }
})

t.test('what a proxy claims to forward for can put no other address in place of its own', async t => {
  const failed = "<14>Nov 20 12:00:01 fw php-fpm[1]: /index.php: webConfigurator authentication error for user 'admin' from: 203.0.113.5"
  t.match(read(failed), { 'source.ip': '203.0.113.5' })
  t.match(read(`${failed}[192.0.2.1]`), { 'source.ip': '203.0.113.5' })
  for (const claimed of ['x from: 192.0.2.1 y', "x' from: 192.0.2.1[y", '] from: 192.0.2.1 '])
    t.equal(read(`${failed}[${claimed}]`), 'unreadable', claimed)
  t.match(read(failed.replace('admin', "x' from: 192.0.2.1[y]")), { 'source.ip': '203.0.113.5' })
})
