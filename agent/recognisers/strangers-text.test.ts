// What a stranger makes some program write is no message of a firewall, however it is wrapped: behind brackets, behind the words with which
// the program begins, in a header of his own, or in the line of a daemon that a relay passed on.
import t from 'tap'
import { Message } from '../message.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import { recognisers } from './index.ts'

const message = new Message()

function claimants(line: string): string {
  const bytes = Buffer.from(line)
  readHeader(message, bytes, 0, bytes.length)
  const names = recognisers.filter(one => one.claims(message) >= 0).map(one => one.name)
  return names.join()
}

const packet = 'drop IN=eth0 OUT= MAC= SRC=198.51.100.7 DST=192.0.2.1 LEN=40 PROTO=TCP SPT=1 DPT=22'
const short = 'drop SRC=198.51.100.7 DST=192.0.2.1 PROTO=TCP SPT=1 DPT=22'
const audit =
  'type=USER_LOGIN msg=audit(1:2): pid=1 uid=0 msg=\'op=login acct="root" exe="/usr/sbin/sshd" hostname=? addr=198.51.100.7 terminal=ssh res=failed\''
const login = 'sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2'
const filter = 'filterlog: 4,,,1000000103,igb0,match,block,in,4,0x0,,244,1,0,none,6,tcp,60,198.51.100.7,192.0.2.1,1,22,0,S,1,,64240,,mss'
const denied = '%ASA-4-106023: Deny tcp src outside:198.51.100.7/1 dst inside:192.0.2.1/22 by access-group "a" [0x0, 0x0]'
const squid = '(squid-1): 1 2 198.51.100.7 TCP_DENIED/403 2912 GET http://example.net/ - HIER_NONE/- -'
const pairs = 'date=2026-11-20 time=12:00:01 logid="0000000013" type="traffic" srcip=198.51.100.7 dstip=192.0.2.1 action="deny"'
const all = [packet, short, audit, login, filter, denied, squid, pairs]

t.test('behind what programs write in brackets', async t => {
  for (const text of [packet, short])
    for (const line of [
      `<14>Nov 20 12:00:01 web app: [error] user ${text}`,
      `<14>Nov 20 12:00:01 web [error] user x failed: ${text}`,
      `<14>1 2026-11-20T12:00:01Z web app - - - [7] [INFO] GET /${text}`,
      `<14>Nov 20 12:00:01 web gunicorn[12]: [2026-11-20 12:00:01 +0000] [7] [INFO] GET / ${text}`,
      `<14>Nov 20 12:00:01 web app: [user ${text}`,
    ])
      t.equal(claimants(line), '', line)
})

t.test('behind a name that only begins like the kernel', async t => {
  for (const line of [`<14>Nov 20 12:00:01 web kernelcare: user ${short}`, `<14>Nov 20 12:00:01 web app: kernelx user ${short}`])
    t.equal(claimants(line), '', line)
})

t.test('in the line of a daemon, with a header of its own', async t => {
  for (const text of [...all, `kernel: ${packet}`])
    for (const daemon of ['nginx[7]', 'dovecot', 'openvpn'])
      for (const header of ['', '<4>', '<14>Nov 20 12:00:01 gw ', '<14>syslog: ', '<14>Nov 20 12:00:01 gw syslog: ']) {
        const line = `<22>Nov 20 12:00:01 mail ${daemon}: ${header}${text}`
        if (claimants(line) !== '') t.equal(claimants(line), '', line)
      }
  for (const [tag, text] of [
    ['sshd 1', login.slice(login.indexOf(' ') + 1)],
    ['kernel -', packet],
    ['syslog -', login],
    ['filterlog -', filter.slice(filter.indexOf(' ') + 1)],
  ]) {
    const line = `<14>1 2026-11-20T12:00:01Z web nginx - - - <38>1 2026-11-20T12:00:01Z gw ${tag} - - ${text}`
    t.equal(claimants(line), '', line)
    t.not(claimants(line.replace('nginx', 'graylog')), '', 'a relay that is none of them does not matter')
  }
})

t.test('behind the first words of a message whose header was read', async t => {
  for (const text of [packet, login, filter, denied, pairs])
    for (const words of ['User', 'Login failed', 'Login failed for:']) {
      const line = `<14>Nov 20 12:00:01 web ${words} ${text}`
      t.equal(claimants(line), '', line)
    }
})

t.test('in a line that only begins like the audit log', async t => {
  for (const tag of ['app', 'app[7]', 'nginx']) t.equal(claimants(`<14>Nov 20 12:00:01 web ${tag}: ${audit}`), '', tag)
  for (const tag of ['audispd: ', 'audit[7]: ', '']) t.equal(claimants(`<14>Nov 20 12:00:01 web ${tag}${audit}`), 'sshd', tag)
})

t.test('a facility, a clock or no tag at all behind the host is still a header', async t => {
  for (const front of ['- ', 'local4 ', '<4>', '2026-11-20T12:00:01Z '])
    t.equal(claimants(`Nov 20 12:00:01 gw ${front}${pairs}`), 'fortigate', front)
  t.equal(claimants(`2026-11-20T12:00:01Z gw Alerts ${denied}`), 'cisco-asa')
  for (const front of ['user ', 'no ', 'alerts of ']) t.equal(claimants(`Nov 20 12:00:01 gw ${front}${denied}`), '', front)
})
