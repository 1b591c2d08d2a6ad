import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseMemberSettings } from '../settings/box-settings.ts'
import { testRoot } from '../test-root.ts'
import { readCards } from './cards.ts'
import { networkBackends } from './index.ts'
import { planNetwork } from './plan.ts'
import { writeNetwork } from './write.ts'

const fixed =
  'network.address = 192.0.2.10/24 2001:db8::10/64\nnetwork.gateway = 192.0.2.1 fe80::1\nnetwork.dns = 192.0.2.53 2001:db8::53\n'
const plan = (text: string, cards = ['ens160']) => planNetwork(cards, parseMemberSettings(text))
const rendered = (backend: keyof typeof networkBackends, text: string, cards?: string[]) =>
  Object.fromEntries(networkBackends[backend].render(plan(text, cards)).map(file => [file.name, file.text]))

t.test('finds cards with hardware and no antenna, in the order in which people count them', async t => {
  const { put, root } = testRoot(t)
  const card = (name: string, files: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(files)) put(`sys/class/net/${name}/${file}`, text)
  }
  for (const name of ['eth10', 'eth2', 'ens192', 'ens160']) card(name, { type: '1\n', 'device/vendor': 'x' })
  card('lo', { type: '772\n' })
  card('br0', { type: '1\n' })
  card('wlan0', { type: '1\n', 'device/vendor': 'x', 'wireless/x': '' })
  card('ib0', { type: '32\n', 'device/vendor': 'x' })
  card('a b', { type: '1\n', 'device/vendor': 'x' })
  put('sys/class/net/bonding_masters', '')
  t.same(readCards(join(root, 'sys/class/net')), ['ens160', 'ens192', 'eth2', 'eth10'])
  t.same(readCards(join(root, 'nowhere')), [])
})

t.test('without settings every card takes what the network tells, and is the same box after each boot', async t => {
  const { '10-cyberalarm.network': text, ...rest } = rendered('networkd', '')
  t.same(rest, {})
  for (const line of [
    'Type=ether',
    'Kind=!*',
    'DHCP=ipv4',
    'IPv6AcceptRA=yes',
    'ClientIdentifier=mac',
    'Hostname=cyberalarm',
    'DUIDType=link-layer',
    'UseDNS=yes',
  ])
    t.ok(text.split('\n').includes(line), line)
  t.notMatch(text, /^(Address|Gateway|DNS|Name)=/m)
  const { 'cyberalarm.nmconnection': keyfile } = rendered('networkmanager', '')
  for (const line of [
    'multi-connect=3',
    'method=auto',
    'dhcp-client-id=mac',
    'dhcp-hostname=cyberalarm',
    'dhcp-duid=ll',
    'ignore-auto-dns=false',
  ])
    t.ok(keyfile.split('\n').includes(line), line)
})

t.test('fixed addresses go to the first card alone, and the others take DHCP', async t => {
  const files = rendered('networkd', fixed, ['ens160', 'ens192'])
  const { '10-cyberalarm.network': first, '11-cyberalarm-others.network': others } = files
  for (const line of ['Name=ens160', 'DHCP=no', 'IPv6AcceptRA=no', 'Address=192.0.2.10/24', 'Address=2001:db8::10/64', 'Gateway=192.0.2.1'])
    t.ok(first.split('\n').includes(line), line)
  for (const line of ['Gateway=fe80::1', 'DNS=192.0.2.53', 'DNS=2001:db8::53', 'RequiredForOnline=yes', 'UseDNS=no'])
    t.ok(first.split('\n').includes(line), line)
  t.notMatch(others, /Address=|Gateway=/)
  t.match(others, /DHCP=ipv4[\s\S]*UseDNS=no/)
  t.match(others, /RequiredForOnline=no/)
  const nm = rendered('networkmanager', fixed, ['ens160', 'ens192'])
  t.match(
    nm['cyberalarm.nmconnection'],
    /interface-name=ens160[\s\S]*\[ipv4\]\nmethod=manual\naddress1=192\.0\.2\.10\/24\ngateway=192\.0\.2\.1\ndns=192\.0\.2\.53;\nignore-auto-dns=true[\s\S]*\[ipv6\]\nmethod=manual\naddress1=2001:db8::10\/64\ngateway=fe80::1\ndns=2001:db8::53;/,
  )
  t.match(nm['cyberalarm-others.nmconnection'], /multi-connect=3[\s\S]*method=auto/)
  t.notMatch(nm['cyberalarm-others.nmconnection'], /192\.0\.2\.(1|10)\b/)
})

t.test('a family without a fixed address is left to the network', async t => {
  const { '10-cyberalarm.network': v4 } = rendered('networkd', 'network.address = 192.0.2.10/24')
  t.match(v4, /DHCP=no\nIPv6AcceptRA=yes/)
  const { '10-cyberalarm.network': v6 } = rendered('networkd', 'network.address = 2001:db8::10/64')
  t.match(v6, /DHCP=ipv4\nIPv6AcceptRA=no/)
})

t.test('where no card is there yet, whatever comes gets the addresses', async t => {
  const files = rendered('networkd', fixed, [])
  t.same(Object.keys(files), ['10-cyberalarm.network'])
  t.match(files['10-cyberalarm.network'], /Kind=!\*[\s\S]*Address=192\.0\.2\.10\/24/)
})

t.test('writes only what changed, takes away what is no more, and leaves the files of others', async t => {
  const { root } = testRoot(t)
  const folder = join(root, 'run/systemd/network')
  mkdirSync(folder, { recursive: true })
  for (const name of ['10-other.network', '11-cyberalarm-others.network.bak']) writeFileSync(join(folder, name), '')
  const { networkd, networkmanager } = networkBackends
  t.equal(writeNetwork(networkd, plan(fixed, ['a', 'b']), folder), true)
  t.equal(writeNetwork(networkd, plan(fixed, ['a', 'b']), folder), false)
  t.equal(writeNetwork(networkd, plan('', ['a', 'b']), folder), true)
  t.same(readdirSync(folder).sort(), ['10-cyberalarm.network', '10-other.network', '11-cyberalarm-others.network.bak'])
  const keyfiles = join(root, 'run/NetworkManager/system-connections')
  writeNetwork(networkmanager, plan(fixed), keyfiles)
  t.equal(statSync(join(keyfiles, 'cyberalarm.nmconnection')).mode & 0o777, 0o600, 'NetworkManager ignores keyfiles that others can read')
})
