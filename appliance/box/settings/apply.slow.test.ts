// The real program in a folder: real FAT partition, real disc, an executable as vmware-rpctool, and programs of the base that only
// write down how they were called.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseSettings } from '../../../agent/settings/table.ts'
import { filesWith, makeBase, reportOf, run } from '../test-program.ts'
import {
  environmentOf,
  freshCode,
  makeConfigPartition,
  makeDisc,
  makeRpcTool,
  obstruct,
  putOnPartition,
  type TestRoot,
  testRoot,
  which,
} from '../test-root.ts'

const missing = ['mcopy', 'mshowfat', 'mkfs.fat', 'genisoimage'].filter(tool => which(tool) === undefined)
const options = missing.length > 0 ? { skip: `not installed: ${missing.join(', ')}` } : {}
t.setTimeout(300_000)

const stateOf = (box: TestRoot, name: string) => reportOf(box).sources.find(source => source.name === name)?.state

const settingsOf = (box: TestRoot) => parseSettings(box.text('etc/cyberalarm/cyberalarm.conf'))

t.test('first boot with nothing said: DHCP, the settings of the image, and a box that waits for its code', options, async t => {
  const box = testRoot(t)
  makeConfigPartition(box)
  const calls = makeBase(box)
  box.put('usr/lib/cyberalarm/time.sources', 'pool ntp.example iburst\n')
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.same(settingsOf(box)['nflog.groups'], [514])
  t.equal(box.text('run/cyberalarm-box/proxy'), '\n')
  t.match(box.text('run/systemd/network/10-cyberalarm.network'), /DHCP=ipv4/)
  t.equal(box.text('run/chrony-box/member.sources'), 'pool ntp.example iburst\n')
  t.notOk(existsSync(box.paths.code))
  t.notOk(existsSync(box.paths.member))
  t.match(reportOf(box), { hostName: 'cyberalarm', notices: [], network: { card: null } })
  t.same(
    reportOf(box).sources.map(source => source.state),
    ['absent', 'empty', 'absent', 'absent'],
  )
  t.same(
    calls(),
    ['systemd-run --no-block --quiet hostnamectl --transient set-hostname cyberalarm'],
    'nothing that is not running is started or told',
  )
})

t.test('takes everything from the partition, keeps no secret but the code, and wipes it', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  for (const card of ['eth0', 'eth1']) {
    box.put(`sys/class/net/${card}/type`, '1\n')
    mkdirSync(join(box.root, `sys/class/net/${card}/device`))
  }
  const code = freshCode()
  const text = `enrolment.code = ${code}\r\nmember.networks = 198.51.100.0/24\r\nnflog.groups =\r\nhost.name = alarm\r\nnetwork.address = 192.0.2.10/24\r\nnetwork.gateway = 192.0.2.1\r\ntime.servers = ntp1.example, 192.0.2.123\r\nsyslog.tls = off\r\nuplink.proxy = http://192.0.2.8:3128\r\n`
  putOnPartition(device, 'cyberalarm.conf', Buffer.from(`\uFEFF${text}`, 'utf16le'))
  const first = await run(['apply', '--root', box.root])
  t.equal(first.code, 0, first.out)
  t.equal(box.text('var/lib/cyberalarm-box/enrolment.code'), `${code.replaceAll('-', '')}\n`)
  t.equal(statSync(box.paths.code).mode & 0o777, 0o600)
  t.same(filesWith(box.root, code), [], 'the code as it was typed is nowhere')
  t.same(filesWith(box.root, code.replaceAll('-', '')), ['var/lib/cyberalarm-box/enrolment.code'])
  t.notOk(readFileSync(device).includes(Buffer.from(code, 'utf16le')), 'not on the partition')
  t.notOk(first.out.includes(code.slice(0, 9)), 'not in the log')
  const settings = settingsOf(box)
  t.same(settings['member.networks'], ['198.51.100.0/24'])
  t.equal(settings['syslog.tls'], 'off')
  t.same(settings['nflog.groups'], [514], 'a value that was left empty leaves that of the image')
  t.equal(box.text('run/cyberalarm-box/proxy'), 'http://192.0.2.8:3128\n', 'for the updates of the system')
  t.equal(statSync(box.paths.proxy).mode & 0o777, 0o600)
  t.match(box.text('run/systemd/network/10-cyberalarm.network'), /Name=eth0[\s\S]*Address=192\.0\.2\.10\/24\nGateway=192\.0\.2\.1/)
  t.match(box.text('run/systemd/network/11-cyberalarm-others.network'), /DHCP=ipv4/)
  t.equal(box.text('run/chrony-box/member.sources'), 'server ntp1.example iburst\nserver 192.0.2.123 iburst\n')
  t.match(reportOf(box), {
    hostName: 'alarm',
    network: { card: 'eth0', cards: ['eth0', 'eth1'] },
    timeServers: ['ntp1.example', '192.0.2.123'],
  })
  t.equal(stateOf(box, 'config'), 'used')

  rmSync(box.paths.code)
  const before = readFileSync(device)
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.equal(stateOf(box, 'config'), 'unchanged')
  t.notOk(existsSync(box.paths.code), 'a code that was used is not taken again')
  t.ok(readFileSync(device).equals(before))
  t.equal(reportOf(box).hostName, 'alarm', 'what was accepted holds')
})

t.test('a box that can keep nothing takes no code, and leaves it where it is', options, async t => {
  const box = testRoot(t)
  makeBase(box, [])
  const code = freshCode()
  const device = makeConfigPartition(box)
  putOnPartition(device, 'cyberalarm.conf', Buffer.from(`enrolment.code = ${code}\nhost.name = alarm\n`))
  box.put('run/cyberalarm-box/data-failed', 'the data partition cannot be mounted\n')
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.match(reportOf(box), {
    isDataLost: true,
    hostName: 'alarm',
    notices: [{ code: 'data-lost' }],
  })
  t.notOk(existsSync(box.paths.code))
  t.ok(readFileSync(device).includes(Buffer.from(code)))
})

t.test('tells services that run what changed, and only that', options, async t => {
  const box = testRoot(t)
  const running = ['systemd-networkd.service', 'chronyd.service', 'cyberalarm-agent.service', 'cyberalarm-enrol.service']
  const calls = makeBase(box, running)
  const request = async (text: string) => {
    writeFileSync(box.paths.requestedSettings, text)
    t.match(await run(['apply', '--root', box.root]), { code: 0 })
    t.notOk(existsSync(box.paths.requestedSettings), 'the request is removed')
    return calls().filter(line => !line.includes('hostnamectl'))
  }
  await request('host.name = a\n')
  t.same(await request('host.name = b\n'), ['networkctl reload'], 'what DHCP is asked with')
  t.same(await request('host.name = b\nnetwork.address = 192.0.2.10/24\n'), ['networkctl reload'])
  t.same(await request('host.name = b\nnetwork.address = 192.0.2.10/24\ntime.servers = ntp.example\n'), ['chronyc reload sources'])
  const open = 'host.name = b\nnetwork.address = 192.0.2.10/24\ntime.servers = ntp.example\nnetwork.open = tcp/22@192.0.2.0/24\n'
  t.same(await request(open), ['systemctl --no-block try-restart cyberalarm-rules.service'])
  t.equal(box.text('run/cyberalarm-box/open.d/settings.nft'), 'ip saddr 192.0.2.0/24 tcp dport 22 accept\n')
  t.same(await request(open.replace(/network\.open.*\n/, '')), ['systemctl --no-block try-restart cyberalarm-rules.service'])
  t.equal(box.text('run/cyberalarm-box/open.d/settings.nft'), '', 'and closed again')
  t.same(await request(`enrolment.code = ${freshCode()}\nhost.name = b\nnetwork.address = 192.0.2.10/24\ntime.servers = ntp.example\n`), [
    'systemctl --no-block restart cyberalarm-enrol.service',
  ])
  t.same(await request('syslog.tls = off\nhost.name = b\nnetwork.address = 192.0.2.10/24\ntime.servers = ntp.example\n'), [
    'systemctl --no-block reload-or-restart cyberalarm-agent.service',
    'systemctl --no-block restart cyberalarm-enrol.service',
  ])
  t.same(await request('host.name = bad_name\n'), [], 'a request with faults changes nothing')
  t.match(reportOf(box).sources[0], {
    name: 'console',
    state: 'refused',
    faults: [{ line: 1, setting: 'host.name', text: /^console:1: host\.name = bad_name/ }],
  })
  t.equal(settingsOf(box)['syslog.tls'], 'off')
  writeFileSync(box.paths.unfinished, '')
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.equal(calls().filter(line => !line.includes('hostnamectl')).length, 5, 'a run that was ended half-way is made up for')
})

t.test('writes for NetworkManager where the image says so', options, async t => {
  const box = testRoot(t)
  const calls = makeBase(box, ['NetworkManager.service'])
  box.put('usr/lib/cyberalarm/image.json', '{"version":"1","base":"centos-stream-10","network":"networkmanager"}')
  box.put('sys/class/net/ens192/type', '1\n')
  mkdirSync(join(box.root, 'sys/class/net/ens192/device'))
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.match(box.text('run/NetworkManager/system-connections/cyberalarm.nmconnection'), /method=auto/)
  t.same(calls().slice(1), ['nmcli connection reload', 'nmcli --wait 15 device connect ens192'])
})

t.test('from vSphere: the variable, else the disc; faults are told, and the box comes up on DHCP', options, async t => {
  const box = testRoot(t)
  const code = freshCode()
  makeDisc(box, 'ovf-env.xml', environmentOf({ 'enrolment-code': code, 'network-address': '192.0.2.10' }))
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.match(reportOf(box).sources[2], {
    state: 'refused',
    faults: [
      { line: 2, setting: 'network.address', text: /^OVF environment:2: network\.address = 192\.0\.2\.10: .*lacks its prefix length/ },
    ],
  })
  t.notOk(existsSync(box.paths.code))
  t.match(box.text('run/systemd/network/10-cyberalarm.network'), /DHCP=ipv4/)
  makeDisc(box, 'ovf-env.xml', environmentOf({ 'enrolment-code': code, 'network-address': '192.0.2.10/24' }))
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.equal(stateOf(box, 'ovf'), 'used')
  t.match(reportOf(box).notices, [{ code: 'code-not-wiped', detail: /CD .* cannot be wiped/ }])
  t.equal(box.text('var/lib/cyberalarm-box/enrolment.code').trim(), code.replaceAll('-', ''))
  makeRpcTool(box, { 'guestinfo.ovfEnv': environmentOf({ 'enrolment-code': code, 'network-address': '192.0.2.10/24' }) })
  rmSync(box.paths.code)
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.equal(stateOf(box, 'ovf'), 'unchanged', 'the same on another way is no news')
  t.notOk(box.text('guest/guestinfo.ovfEnv').includes(code), 'but it is wiped there as well')
  t.notOk(existsSync(box.paths.code))
})

t.test('settings that another release kept and this one does not know are left out, and the others hold', options, async t => {
  const box = testRoot(t)
  box.put('var/lib/cyberalarm-box/member.conf', 'future.setting = 1\nhost.name = alarm\nnetwork.address = nonsense\n')
  box.put('var/lib/cyberalarm-box/applied.json', '{broken')
  t.match(await run(['apply', '--root', box.root]), { code: 0 })
  t.match(reportOf(box), {
    hostName: 'alarm',
    notices: [
      { code: 'file-lost', detail: /applied\.json/ },
      { code: 'settings-wrong', detail: /there is no setting 'future\.setting'.*left out/ },
      { code: 'settings-wrong', detail: /network\.address = nonsense.*left out/ },
    ],
  })
})

t.test('a box whose state cannot be kept comes up all the same, says so, and wipes nothing', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  const code = freshCode()
  putOnPartition(device, 'cyberalarm.conf', `enrolment.code = ${code}\nnetwork.address = 192.0.2.10/24\n`)
  const clear = obstruct(t, `${box.paths.code}.draft`)
  const { code: exit, out } = await run(['apply', '--root', box.root])
  t.equal(exit, 1)
  t.match(box.text('run/systemd/network/10-cyberalarm.network'), /Address=192\.0\.2\.10\/24/)
  t.equal(reportOf(box).notices.length, 1)
  t.ok(readFileSync(device).includes(code), 'the only copy of the code is still there')
  t.notOk(out.includes(code))
  clear()
})

t.test('touches nothing on a machine that is no box', async t => {
  const box = testRoot(t)
  rmSync(box.paths.imageFacts)
  const calls = makeBase(box, ['systemd-networkd.service'])
  t.match(await run(['apply', '--root', box.root]), { code: 1, out: /is missing or makes no sense: this is no CyberAlarm image/ })
  t.notOk(existsSync(join(box.root, 'run')) || existsSync(join(box.root, 'etc')))
  t.same(calls(), [])
})

t.test('teaches who asks, and refuses what it does not know', async t => {
  t.match(await run(['--help']), { code: 0, out: /apply[\s\S]*enrol[\s\S]*console[\s\S]*diagnostics/ })
  t.match(await run(['apply', '--help']), { code: 0, out: /usage: cyberalarm-box apply[\s\S]*--root FOLDER/ })
  t.match(await run(['appply']), { code: 2, out: /there is no program 'appply'; did you mean 'apply'\? \(programs: apply, enrol/ })
  t.match(await run(['apply', '--rot', 'x']), { code: 2 })
})
