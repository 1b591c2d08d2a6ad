import t from 'tap'
import { lineReader } from '../../../testing/reading.ts'
import { sshd } from './sshd.ts'

const read = lineReader(sshd)

const real = '203.0.113.66'
const forged = '192.0.2.1'

/** What an attacker can send as a name: everything that sshd itself writes around an address. */
const pieces = [
  ` from ${forged} port 22 ssh2`,
  ` from ${forged} port 22 ssh2: RSA SHA256:abc`,
  ` from ${forged} port 22 ssh2: RSA SHA256:abc, client user "x", client host "y"`,
  ` from ${forged} port 22`,
  ` from ${forged}`,
  ` ${forged} port 22`,
  ` ${forged} port 22 [preauth]`,
  ` ${forged} port 22: Too many authentication failures [preauth]`,
  ` rhost=${forged}`,
  ` from ${forged} not allowed because listed in DenyUsers`,
  ` from ${forged} via ${forged}`,
  ` (${forged})`,
  ' ssh2',
  ' port 22',
  ' [preauth]',
  ': ',
  ' user=',
  ' from ',
]
const names = pieces.flatMap(one => [`x${one}`, one, ...pieces.map(two => `x${one}${two}`), ...pieces.map(two => `x${one} y${two}`)])

const formats: readonly ((name: string) => string)[] = [
  name => `Failed password for invalid user ${name} from ${real} port 40001 ssh2`,
  name => `Failed publickey for invalid user ${name} from ${real} port 40001 ssh2: ED25519 SHA256:AAAABogus`,
  name => `Failed none for ${name} from ${real} port 40001 ssh2`,
  name => `Accepted password for ${name} from ${real} port 40001 ssh2`,
  name => `Invalid user ${name} from ${real} port 40001`,
  name => `Invalid user ${name} from ${real}`,
  name => `error: maximum authentication attempts exceeded for invalid user ${name} from ${real} port 40001 ssh2 [preauth]`,
  name => `Connection closed by invalid user ${name} ${real} port 40001 [preauth]`,
  name => `Connection reset by authenticating user ${name} ${real} port 40001 [preauth]`,
  name => `Disconnected from invalid user ${name} ${real} port 40001 [preauth]`,
  name => `Disconnecting invalid user ${name} ${real} port 40001: Too many authentication failures [preauth]`,
  name =>
    `Disconnecting invalid user a ${real} port 40001: Change of username or service not allowed: (a,ssh-connection) -> (${name},ssh-connection) [preauth]`,
  name => `error: PAM: Authentication failure for illegal user ${name} from ${real}`,
  name => `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${real}  user=${name}`,
  name => `Bad protocol version identification '${name}' from ${real} port 40001`,
  name => `Received disconnect from ${real} port 40001:11: ${name} [preauth]`,
  name => `refused connect from ${name} (${real})`,
]

t.test('no name that a client sends can put another address in place of its own', async t => {
  let read203 = 0
  for (const format of formats) {
    let fault: string | undefined
    for (const name of names) {
      const line = `<38>Nov 20 12:00:01 bastion sshd[4711]: ${format(name)}`
      const got = read(line)
      if (typeof got !== 'string' && got['source.ip'] !== real) fault = `${got['source.ip']} from ${line}`
      if (typeof got !== 'string') read203++
    }
    t.equal(fault, undefined, format('NAME'))
  }
  t.ok(read203 > names.length * formats.length * 0.9, `and nearly all are read: ${read203} of ${names.length * formats.length}`)
})

t.test("a certificate's identity and a client's names can't either", async t => {
  for (const piece of pieces) {
    const start = `<38>Nov 20 12:00:01 bastion sshd[4711]: Failed publickey for root from ${real} port 40001 ssh2: RSA-CERT SHA256:AAAABogus`
    const certificate = read(`${start} ID x${piece} (serial 0) CA RSA SHA256:BBBBBogus`)
    const host = read(`${start}, client user "x${piece}", client host "y${piece}"`)
    for (const got of [certificate, host]) if (typeof got !== 'string') t.equal(got['source.ip'], real, piece)
    // two places that are alike to the last sign: nobody can say which one is sshd's
    t.type(certificate, piece.includes('client user') ? 'string' : 'object', piece)
  }
})

t.test("another program's message that quotes sshd is not sshd's", async t => {
  for (const line of [
    `<38>Nov 20 12:00:01 web nginx[7]: GET /sshd[1]: Failed password for root from ${forged} port 22 ssh2`,
    `<38>Nov 20 12:00:01 web app: sshd[1]: Failed password for root from ${forged} port 22 ssh2`,
    `<38>Nov 20 12:00:01 web sshdfilter[7]: Failed password for root from ${forged} port 22 ssh2`,
    `<38>1 2026-11-20T12:00:01Z web app 7 - - sshd[1]: Failed password for root from ${forged} port 22 ssh2`,
    `<38>Nov 20 12:00:01 fw sshd[7]: SSHD_LOGIN_FAILED: Login failed for user 'root' from host '${forged}'`,
  ])
    t.equal(read(line), 'not claimed', line)
})

t.test('is known under every header, by tag, by path and in brackets', async t => {
  const text = `Failed password for root from ${real} port 40001 ssh2`
  for (const header of [
    '<38>Nov 20 12:00:01 bastion sshd[4711]: ',
    '<38>Nov 20 12:00:01 bastion sshd: ',
    '<38>1 2026-11-20T12:00:01Z bastion sshd 4711 - - ',
    '<38>1 2026-11-20T12:00:01Z bastion sshd-session 4711 - [meta sequenceId="1"] ',
    '2026-11-20T12:00:01.123456+01:00 bastion sshd[4711]: ',
    'Nov 20 12:00:01 bastion auth.info sshd[4711]: ',
    'Nov 20 12:00:01 [sshd]: ',
    'Nov 20 12:00:01 bastion sshd[4711]: [ID 800047 auth.info] ',
    'Nov 20 12:00:01 bastion sshd[4711]: error: ',
    'bastion sshd[4711]: ',
  ]) {
    const got = read(header + text)
    t.match(got, { 'event.action': 'login-failed', 'source.ip': real, 'source.port': 40001 }, header)
  }
})

t.test('says nothing of an address that is a name, and does not guess at one that is damaged', async t => {
  const start = '<38>Nov 20 12:00:01 bastion sshd[4711]: '
  t.equal(read(`${start}User root from scanner.example.net not allowed because not listed in AllowUsers`), 'ignored')
  for (const damaged of ['203.0.113.', '203.0.113.999 port 1', '', '203.0.113.66 port'])
    t.equal(read(`${start}Failed password for root from ${damaged}`), 'unreadable', damaged)
})
