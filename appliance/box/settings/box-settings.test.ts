import t from 'tap'
import { withoutSecrets } from '../../../agent/lib/redact.ts'
import { boxProperties } from '../../../ova/properties.ts'
import { freshCode } from '../test-root.ts'
import { formatStated, memberNames, parseMemberSettings, readMember, saysNothing } from './box-settings.ts'

const faultsOf = (text: string) => readMember(text, 'cyberalarm.conf').faults.map(fault => fault.text)

t.test('everything that can be filled in while deploying is a setting, with a length that fits', async t => {
  for (const property of boxProperties) t.ok(memberNames.includes(property.setting), property.setting)
})

t.test('an empty text leaves everything to the network, and says nothing', async t => {
  const settings = parseMemberSettings('')
  t.same(settings['network.address'], [])
  t.equal(settings['enrolment.code'], '')
  for (const text of ['', '# all\n#host.name = a\n', 'host.name =\nnetwork.address = ""\n', 'enrolment.code = ****-****'])
    t.ok(saysNothing(readMember(text, 'x')), text)
  t.notOk(saysNothing(readMember('host.name = box', 'x')))
})

t.test('reads what members write', async t => {
  const code = freshCode()
  const settings = parseMemberSettings(
    `enrolment.code = ${code.toLowerCase()}\nhost.name = alarm-1.example\nnetwork.address = 192.0.2.10/24, 2001:db8::10/64\nnetwork.gateway = 192.0.2.1 fe80::1\nnetwork.dns = 192.0.2.53,2001:db8::53\ntime.servers = ntp.example 192.0.2.123\nmember.networks = 198.51.100.0/24\nsyslog.udp = off\n`,
  )
  t.equal(settings['enrolment.code'], code.replaceAll('-', ''))
  t.same(settings['network.address'], ['192.0.2.10/24', '2001:db8::10/64'])
  t.same(settings['network.gateway'], ['192.0.2.1', 'fe80::1'])
  t.equal(settings['syslog.udp'], 'off')
})

t.test('refuses what would leave a box without a network, with the line and the reason', async t => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'network.address = 192.0.2.10',
      /^cyberalarm\.conf:1: network\.address = 192\.0\.2\.10: .*lacks its prefix length, for example 192\.0\.2\.10\/24/,
    ],
    ['network.address = 192.0.2.0/24', /is the network itself/],
    ['network.address = 192.0.2.255/24', /is the broadcast address/],
    ['network.address = 192.0.2.10/33', /no prefix length of IPv4/],
    ['network.address = 192.0.2.10/0', /no prefix length/],
    ['network.address = 192.0.2.300/24', /must be addresses with prefix length/],
    ['network.address = 192.0.2.10/24/8', /no prefix length/],
    ['network.address = 127.0.0.1/8', /loopback/],
    ['network.address = 224.0.0.5/24', /multicast/],
    ['network.address = ff02::1/64', /multicast/],
    ['network.address = fe80::1%eth0/64', /must be addresses with prefix length/],
    ['\nnetwork.gateway = 192.0.2.1', /^cyberalarm\.conf:2: network\.gateway = 192\.0\.2\.1: an IPv4 gateway needs a static IPv4 address/],
    ['network.address = 192.0.2.10/24\nnetwork.gateway = 192.0.3.1', /lies in no network of network\.address \(192\.0\.2\.10\/24\)/],
    ['network.address = 192.0.2.10/24\nnetwork.gateway = 192.0.2.10', /is the address of the box itself/],
    ['network.address = 192.0.2.10/24\nnetwork.gateway = fe80::1', /an IPv6 gateway needs a static IPv6 address/],
    ['network.address = 192.0.2.10/24\nnetwork.gateway = 192.0.2.1 192.0.2.2', /another IPv4 gateway already/],
    ['network.dns = dns.example', /must be addresses/],
    ['host.name = -box', /letters, digits and dashes/],
    [`host.name = ${'a'.repeat(64)}`, /63 letters/],
    ['host.name = box;reboot', /letters, digits and dashes/],
    ['time.servers = ntp.example\u0020$(reboot)', /names or addresses/],
    ['syslog.tls.key = /k.pem', /set together/],
    ['network.adress = 192.0.2.10/24', /there is no setting 'network\.adress'/],
    ['address = 192.0.2.10/24', /did you mean network\.address\?/],
  ]
  for (const [text, told] of cases) t.match(faultsOf(text).join('\n'), told, text)
})

t.test('a code that is mistyped is told without the code, wherever it was written', async t => {
  const code = freshCode()
  const wrong = code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A')
  const told = faultsOf(
    `enrolment.code = ${wrong}\nenrolment.code ${code}\nenrolment.cod = ${code}\nhost.name = ${code}\nmember.networks = ${code}\n`,
  )
  t.equal(told.length, 4)
  t.match(told.join('\n'), /enrolment\.code = \(not shown\): is not a code/)
  for (const text of told.map(text => withoutSecrets(text)))
    for (const part of [code, wrong]) t.notOk(text.includes(part.slice(5, 14)), text)
  t.notMatch(withoutSecrets('uplink.proxy = http://me:secret@proxy'), /secret/)
  t.equal(
    withoutSecrets('cyberalarm.conf:3: network.address = 2001:db8:1234:5678:9abc:def0:1234:5678/64'),
    'cyberalarm.conf:3: network.address = 2001:db8:1234:5678:9abc:def0:1234:5678/64',
  )
})

t.test('what is kept reads as the same settings, without the code', async t => {
  const text = `# note\nenrolment.code = ${freshCode()}\nhost.name="box"\nnetwork.address = "192.0.2.10/24"\nsyslog.tls = off\n`
  const { stated } = readMember(text, 'x')
  const kept = formatStated(stated)
  t.equal(kept, 'syslog.tls = off\nhost.name = box\nnetwork.address = 192.0.2.10/24\n')
  t.equal(formatStated(readMember(kept, 'y').stated), kept)
})

t.test('a megabyte of lines costs a moment and tells a few faults', async t => {
  const began = performance.now()
  const told = faultsOf('nonsense and more of it\n'.repeat(40_000))
  t.ok(told.length <= 50)
  t.ok(performance.now() - began < 2000)
})
