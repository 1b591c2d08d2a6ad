import { isIP } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { secretsOf } from '../../../agent/lib/redact.ts'
import { makeCode } from '../../../agent/lib/typed-code.ts'
import { Redactor } from './diagnostics-redact.ts'

const redacted = (text: string, names: readonly string[] = []) => new Redactor(names).text(text)

t.test('the same address is the same number, another one another', async t => {
  t.equal(
    redacted('from 10.1.2.3 to 192.0.2.7:514, again 10.1.2.3; 2001:DB8::7 is 2001:db8::7'),
    'from address-1 to address-2:514, again address-1; address-3 is address-3',
  )
})

t.test('times, places in files, and addresses that are nobody stay', async t => {
  const text = 'at 10:20:30.123 cyberalarm.conf:12: listening on [::]:514, 0.0.0.0:514 and 127.0.0.1; 2026-11-21T07:44:21Z'
  t.equal(redacted(text), text)
})

t.test('every spelling of an address is found', async t => {
  for (const text of [
    '[fd00::1]:514',
    'fe80::1%eth0',
    '::ffff:10.1.2.3',
    '2001:db8:1:2:3:4:5:6',
    '10.1.2.3/24',
    '10.1.2.3:',
    'fd00::1:',
    '2001:db8:1:2:',
    '999.1.2.3',
    'x10.1.2.3y',
  ])
    t.notMatch(redacted(text), /fd00|fe80|2001|10\.1|1\.2\.3/, text)
  t.equal(redacted('card 02:00:5e:10:00:01 and 02-00-5e-10-00-01'), 'card card-address and card-address')
})

t.test('no address in any place survives', async t => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter(text => !['::', '::1', '0.0.0.0', '127.0.0.1'].includes(text) && isIP(text) !== 0)
  const around = fc.constantFrom(' ', '"', "'", ',', '(', ')', '[', ']', '=', '/', '\n', '<', '>', ';')
  const survives = fc.property(address, around, around, (text, before, after) => !redacted(`${before}${text}${after}`).includes(text))
  t.doesNotThrow(() => fc.assert(survives))
})

t.test('codes, passwords, pseudonyms and names go, and the name that every box has stays', async t => {
  const code = makeCode(length => new Uint8Array(length).fill(7))
  const text = `'${code}' ${code.replaceAll('-', '')} http://user:secret@proxy.example http://u:p@ss@fw-box.example in-${'ab'.repeat(16)} fw-box.example cyberalarm-agent.service`
  t.equal(
    redacted(text, ['fw-box.example', 'fw-box', 'proxy.example', 'cyberalarm', 'a']),
    "'(not shown)' (not shown) http://(not shown)@name http://(not shown)@name pseudonym name cyberalarm-agent.service",
  )
})

t.test('names go in any case, and so do mail addresses and addresses that names are made of', async t => {
  const names = ['ACME-Fw', 'proxy.acme.example']
  for (const [text, expected] of [
    ['getaddrinfo ENOTFOUND PROXY.acme.Example', 'getaddrinfo ENOTFOUND name'],
    ['host acme-fw says', 'host name says'],
    ['mail bob@elsewhere.example', 'mail mail-address'],
    ['from 10-1-2-3.elsewhere.example', 'from address.elsewhere.example'],
    ['from 2001-db8--1.ipv6-literal.net', 'from address.ipv6-literal.net'],
    ['Started user@1000.service at 2026-11-21', 'Started user@1000.service at 2026-11-21'],
  ])
    t.equal(redacted(text, names), expected)
})

t.test('the password of the proxy goes from any place', async t => {
  const redactor = new Redactor([], secretsOf('http://box:open%20sesame@proxy.example'))
  for (const text of ['it is open sesame', 'OPEN%20SESAME', `x ${Buffer.from('box:open sesame').toString('base64')} x`])
    t.match(redactor.text(text), /^\w* ?(it is )?\(not shown\)/, text)
})
