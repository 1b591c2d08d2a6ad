import t from 'tap'
import { DESTINATION, EventRecord, SOURCE } from '../../event.ts'
import { formatAddress } from '../../lib/address.ts'
import { readEndpoint } from './endpoint.ts'

/** `address port` of the endpoint as source and as destination, which have to agree; what is missing is `-`. */
function read(text: string, isPortSure = false): string {
  const results = [SOURCE, DESTINATION].flatMap(side =>
    // what stands behind the endpoint may continue it, or leave it at the very end of the buffer
    [' 203.0.113.250:250                ', '9', 'a:7:X7                   ', ''].map(behind => {
      const bytes = Buffer.from(`7${text}${behind}`)
      const event = new EventRecord()
      const has = readEndpoint(bytes, 1, 1 + text.length, event, side, isPortSure)
      const port = side === SOURCE ? event.sourcePort : event.destinationPort
      return `${has ? formatAddress(event.words, side) : '-'} ${port < 0 ? '-' : port}`
    }),
  )
  return [...new Set(results)].join(' or ')
}

t.test('reads every form in which products write an end', async t => {
  for (const text of ['192.0.2.1:443', '192.0.2.1[443]', '192.0.2.1/443', '192.0.2.1(443)', '[192.0.2.1]:443', '192.0.2.1:443:X1:host'])
    t.equal(read(text), '192.0.2.1 443', text)
  for (const text of [
    '[2001:db8::1]:443',
    '2001:db8::1[443]',
    '2001:db8::1/443',
    '2001:db8::1(443)',
    '2001:db8::1:443:X1',
    '[2001:db8::1]:443:X1',
  ])
    t.equal(read(text), '2001:db8::1 443', text)
  for (const text of ['192.0.2.1', '192.0.2.1::X1', '192.0.2.1:', '[192.0.2.1]']) t.equal(read(text), '192.0.2.1 -', text)
  for (const text of ['2001:db8::1', '[2001:db8::1]', '2001:db8::1::X1:host']) t.equal(read(text), '2001:db8::1 -', text)
  t.equal(read('::ffff:192.0.2.1:443'), '192.0.2.1 443')
  t.equal(read('fe80::1%eth0'), 'fe80::1 -')
  t.equal(read('fe80::1%eth0/443'), 'fe80::1 443')
})

t.test('a group of IPv6 is a port only where the product always states one', async t => {
  t.equal(read('2001:db8::7:5058'), '2001:db8::7:5058 -')
  t.equal(read('2001:db8::7:5058', true), '2001:db8::7 5058')
  t.equal(read('2001:db8::7:50583', true), '2001:db8::7 50583')
  t.equal(read('192.0.2.1:443', true), '192.0.2.1 443')
})

t.test('takes no part of something else for an address or a port', async t => {
  for (const text of [
    '',
    ':',
    '::',
    'host',
    'host:443:X1',
    '192.0.2.1x:443',
    '192.0.2.256:443',
    '192.0.2.1.2:443',
    '[2001:db8::1',
    '192.0.2',
    'dead:443',
  ])
    t.match(read(text), /^(-|::) (-|443)$/, text)
  for (const text of ['192.0.2.1:65536', '192.0.2.1:x', '192.0.2.1:-1', '192.0.2.1/24x', '192.0.2.1:443x'])
    t.equal(read(text), '192.0.2.1 -', text)
  t.equal(read(':443:WAN:host'), '- 443', 'SonicOS leaves out what it does not know')
})

t.test('leaves alone what the event has already', async t => {
  const event = new EventRecord()
  readEndpoint(Buffer.from('192.0.2.1::X1'), 0, 13, event, SOURCE)
  readEndpoint(Buffer.from('203.0.113.9:7:X1'), 0, 16, event, SOURCE)
  readEndpoint(Buffer.from('203.0.113.9:8:X1'), 0, 16, event, SOURCE)
  t.equal(formatAddress(event.words, SOURCE), '192.0.2.1')
  t.equal(event.sourcePort, 7)
  t.notOk(event.hasDestination)
})
