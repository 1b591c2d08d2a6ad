// The one line that installs: what it refuses, and that a refusal changes nothing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { startCentralProcess } from '../../agent/testing/central-process.ts'
import { formatSums, sumOfFile } from '../appliance/sums.ts'
import { chooseSigningKey, signSums } from '../appliance/sums-sign.ts'
import { fillInstaller, joinInstaller, writeDownloads } from './installer.ts'
import { type CommandResult, type Machine, startMachine, whyNoMachine } from './test-machine.ts'
import { makeQuickly, whyNoPackages } from './test-release.ts'

t.setTimeout(300_000)
const text = joinInstaller()
const isSupported = /^ID="?(debian|ubuntu)"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
const whyNo = (command: string): string | undefined =>
  spawnSync(command, ['--version']).error === undefined ? undefined : `there is no ${command}`
const reason = whyNoPackages() ?? whyNoMachine() ?? (isSupported ? undefined : 'this is neither Debian nor Ubuntu') ?? whyNo('curl')
if (reason !== undefined) console.log(`# not run: ${reason}`)

t.test('cut off anywhere, it runs nothing', async t => {
  const script = fillInstaller(text, 'https://download.example/ca', `ssh-ed25519 ${'A'.repeat(68)}`)
  // with -x the shell tells what it runs, and there is nothing on this path that it could run
  const ran = (shell: string, part: string) =>
    spawnSync(shell, ['-x', '-s'], { input: part, encoding: 'utf8', env: { PATH: '/nonexistent' } })
      .stderr.split('\n')
      .some(line => line.startsWith('+'))
  const bytes = Buffer.from(script)
  t.equal(bytes.length, script.length, 'a byte is a character')
  t.ok(ran('/bin/sh', script), 'a whole one runs')
  const lines = [...script.matchAll(/\n/g)].map(({ index }) => index)
  const end = script.trimEnd().length
  const wrong: number[] = []
  for (let length = 0; length < end; length++) if (ran('/bin/sh', script.slice(0, length))) wrong.push(length)
  t.strictSame(wrong, [], `of ${end} parts`)
  t.strictSame(
    lines.filter(length => length < end && ran('/bin/bash', script.slice(0, length))),
    [],
    'nor with another shell',
  )
})

t.test('it is one file', async t => {
  t.notMatch(text, /^\. install/m, 'every part is in it')
})

t.test('shellcheck finds nothing in it', { skip: whyNo('shellcheck') ?? false }, async t => {
  const checked = spawnSync('shellcheck', ['-e', 'SC1091', '-'], { input: text, encoding: 'utf8' })
  t.same([checked.status, checked.stdout, checked.stderr], [0, '', ''])
})

t.test('an address or key that would end its quotes is not put into it', async t => {
  for (const base of [
    "https://x.example/'; id #",
    'https://x.example/',
    'ftp://x.example',
    '',
    'https://x.example/$(id)',
    'https://x.example/a\nb',
  ])
    t.throws(() => fillInstaller(text, base, 'k'), /--base-url/)
  t.throws(() => fillInstaller(text, 'https://x.example/a', "ssh-ed25519 A'B"), /key/)
})

t.test('on a machine', { skip: reason ?? false }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-packages-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const served = join(folder, 'served')
  const key = await chooseSigningKey(undefined, join(folder, 'keys'))
  const places = ['new', 'old', 'none', 'changed-package', 'changed-sums', 'other-key', 'unsigned', 'other-purpose'] as const
  mkdirSync(served)
  const made = makeQuickly(join(served, 'new'), '1.10.0')
  makeQuickly(join(served, 'old'), '1.2.9')
  for (const place of ['new', 'old'] as const) await writeDownloads(join(served, place), 'https://download.example/ca', key)
  for (const place of places.slice(2)) cpSync(join(served, 'new'), join(served, place), { recursive: true })
  const in_ = (place: (typeof places)[number], name: string) => join(served, place, name)
  const sign = async (place: (typeof places)[number], sums: string, signer = key) => {
    writeFileSync(in_(place, 'SHA256SUMS'), sums)
    writeFileSync(in_(place, 'SHA256SUMS.sig'), await signSums(sums, signer))
  }
  await sign('none', formatSums(new Map([['cyberalarm_1.10.0_s390x.deb', await sumOfFile(in_('none', made.deb))]])))
  const changed = readFileSync(in_('changed-package', made.deb))
  changed[changed.length >> 1] ^= 1
  writeFileSync(in_('changed-package', made.deb), changed)
  writeFileSync(in_('changed-sums', made.deb), changed)
  const fitting = formatSums(new Map([[made.deb, await sumOfFile(in_('changed-sums', made.deb))]]))
  writeFileSync(in_('changed-sums', 'SHA256SUMS'), fitting)
  await sign('other-key', fitting, await chooseSigningKey(undefined, join(folder, 'other-keys')))
  rmSync(in_('unsigned', 'SHA256SUMS.sig'))
  const sums = readFileSync(in_('new', 'SHA256SUMS'))
  const mail = spawnSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'email', '-f', key.path], { input: sums })
  writeFileSync(in_('other-purpose', 'SHA256SUMS.sig'), mail.stdout)

  const machine = await startMachine(folder)
  t.teardown(machine.close)
  const [command, ...words] = [
    ...machine.network,
    'env',
    '-u',
    'NODE_OPTIONS',
    process.execPath,
    join(import.meta.dirname, 'test-downloads.ts'),
    served,
  ]
  const server = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => server.kill())
  const [port] = (await once(createInterface(server.stdout), 'line')) as [string]
  const base = (place: string) => `http://127.0.0.1:${port}/${place}`
  const script = readFileSync(in_('new', 'install.sh'), 'utf8')
  const install = (place: string, ...more: string[]): CommandResult =>
    machine.run(['sh', '-s', '--', '--base-url', base(place), ...more], script)
  const state = (machine: Machine) =>
    machine.run(['sh', '-c', 'dpkg-query -W cyberalarm; getent passwd cyberalarm; ls -d /etc/cyberalarm /usr/lib/cyberalarm /tmp/*']).out
  const refuses = (t: Test, name: string, said: CommandResult, words: RegExp) => {
    t.not(said.code, 0, `refuses ${name}`)
    t.match(said.error, words)
    t.equal(state(machine), before, 'and nothing changed')
  }
  const before = state(machine)
  /** Where /etc/os-release says something else. */
  const on = (release: string, place = 'new'): CommandResult => {
    machine.sh('cat > /tmp-release', release)
    return machine.run(
      ['unshare', '-m', 'sh', '-c', `mount --bind /tmp-release /etc/os-release && exec sh -s -- --base-url ${base(place)}`],
      script,
    )
  }

  for (const [place, words] of [
    ['changed-package', /does not match its checksum\. Nothing was installed/],
    ['changed-sums', /is not signed with the CyberAlarm release key/],
    ['other-key', /is not signed with the CyberAlarm release key/],
    ['other-purpose', /is not signed with the CyberAlarm release key/],
    ['unsigned', /cannot download .*SHA256SUMS\.sig/],
    ['nowhere', /cannot download .*SHA256SUMS/],
    ['none', /no package for this machine \(cyberalarm\.\.\._amd64\.deb\)/],
  ] as const)
    t.test(`what is at ${place}`, async t => refuses(t, place, install(place), words))

  for (const address of [
    'http://download.example/ca',
    `http://127.0.0.1:80@download.example`,
    'ftp://127.0.0.1/',
    'file:///served',
    'http://127.0.0.1.example/',
  ])
    t.test(address, async t =>
      refuses(t, address, machine.run(['sh', '-s', '--', '--base-url', address], script), /must begin with https:|with a user name/),
    )

  t.test('machines that it is not for', async t => {
    refuses(
      t,
      'another distribution',
      on('ID=gentoo\nPRETTY_NAME="Gentoo Linux"\n'),
      /no package for Gentoo Linux\. There are packages for Debian 12/,
    )
    refuses(t, 'an old one', on('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian 11"\n'), /Debian 11 is too old/)
    refuses(t, 'one without a number', on('ID=debian\n'), /too old/)
    refuses(t, 'a derivative', on('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n'), /no package for this system/)
    refuses(t, 'another processor', machine.run(['linux32', 'sh', '-s', '--', '--base-url', base('new')], script), /no package for i686/)
    const without = (path: string) =>
      machine.run(['unshare', '-m', 'sh', '-c', `mount -t tmpfs none ${path} && exec sh -s -- --base-url ${base('new')}`], script)
    refuses(t, 'a machine without systemd', without('/run/systemd'), /systemd is not running here/)
    refuses(
      t,
      'somebody who is not root',
      machine.run(['setpriv', '--reuid', '65534', '--clear-groups', 'sh', '-s'], script),
      /must be run as root/,
    )
    refuses(t, 'an option that there is not', machine.run(['sh', '-s', '--', '--force'], script), /unknown option --force/)
    refuses(t, 'a code that is not there', machine.run(['sh', '-s', '--', '--code-file', '/none'], script), /none cannot be read/)
    machine.sh('mv /usr/bin/ssh-keygen /usr/bin/ssh-keygen.away')
    refuses(t, 'to go on without a check', install('new'), /ssh-keygen is missing\. Install it with: apt-get install .*openssh-client/)
    machine.sh('mv /usr/bin/ssh-keygen.away /usr/bin/ssh-keygen')
  })

  t.test('installs, enrols with the code, and puts nothing older over it', async t => {
    const old = install('old')
    t.equal(old.code, 0, old.error)
    t.match(old.out, /version 1\.2\.9 is installed\n.*to enrol, run: cyberalarm enrol$/m)
    const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network })
    t.teardown(central.kill)
    machine.sh(`printf 'central.url = ${central.url}\\ncentral.pins = ${central.pins.join(' ')}\\n' >> /etc/cyberalarm/cyberalarm.conf`)
    machine.sh('umask 077; cat > /tmp-code', `${await central.makeCode()}\n`)
    const done = install('new', '--code-file', '/tmp-code')
    t.equal(done.code, 0, done.error)
    t.match(done.out, /version 1\.10\.0 is installed\nenrolled as /)
    t.match(machine.sh('cat /etc/cyberalarm/cyberalarm.conf'), central.url, 'settings were kept without a question')
    const again = install('old')
    t.not(again.code, 0)
    t.match(again.error, /version 1\.10\.0 is installed, and .* only has 1\.2\.9/)
    t.match(machine.sh('dpkg-query -W cyberalarm'), '1.10.0')
    t.equal(install('new').code, 0, 'once more does no harm')
    t.match(install('new', '3M7A').error, /installed, but not enrolled\. Once the problem above is solved, run: cyberalarm enrol$/m)
    machine.sh('rm /var/lib/cyberalarm/identity.json /var/lib/cyberalarm/identity.json.copy')
    const typed = machine.run(
      ['script', '-qec', `sh /packages/served/new/install.sh --base-url ${base('new')}`, '/dev/null'],
      `${await central.makeCode()}\n`,
    )
    t.match(typed.out, /Enrolment code \(press Enter to do this later\): .*enrolled as /s, 'asks on the terminal')
    t.equal(machine.sh('ls /tmp | grep -v ^systemd-private || true'), '', 'nothing is left lying about')
  })
  t.test('takes the .rpm on Enterprise Linux', async t => {
    machine.sh('dpkg --purge cyberalarm')
    // there is no dnf here: what it is asked to do, rpm does
    machine.sh(
      'cat > /usr/local/bin/dnf; chmod 755 /usr/local/bin/dnf',
      '#!/bin/sh\necho "$*" > /tmp-dnf\nfor last; do :; done\nexec rpm -U --nodeps --force-debian "$last"\n',
    )
    const rocky = 'ID="rocky"\nVERSION_ID="9.4"\n'
    const done = on(rocky, 'old')
    t.equal(done.code, 0, done.error)
    t.match(machine.sh('rpm -q cyberalarm'), 'cyberalarm-1.2.9-1.x86_64')
    t.match(machine.sh('cat /tmp-dnf'), /^install -q -y --setopt=localpkg_gpgcheck=0 \S+\/cyberalarm-1\.2\.9-1\.x86_64\.rpm$/m)
    t.equal(on(rocky, 'new').code, 0)
    t.match(on(rocky, 'old').error, /version 1\.10\.0 is installed, and .* only has 1\.2\.9/)
    t.match(on(rocky, 'changed-sums').error, /is not signed/)
    t.match(on(rocky, 'none').error, /no package for this machine \(cyberalarm\.\.\.-1\.x86_64\.rpm\)/)
    t.match(machine.sh('rpm -q cyberalarm; systemctl is-active cyberalarm-agent'), /^cyberalarm-1\.10\.0-1\.x86_64\nactive$/m)
  })
})
