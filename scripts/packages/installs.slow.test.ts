// Installed, set up, enrolled, brought up to date, removed and purged on a machine with a real systemd, against a real central.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, matchesGlob } from 'node:path'
import t from 'tap'
import type { Status } from '../../agent/health/status-schema.ts'
import { startCentralProcess } from '../../agent/testing/central-process.ts'
import { blockedLine, sums, until } from '../../agent/testing/harness.ts'
import { type Machine, startMachine, whyNoMachine } from './test-machine.ts'
import { makeQuickly, whyNoPackages } from './test-release.ts'

const MESSAGES = 3000
const reason = whyNoPackages() ?? whyNoMachine()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'ca-packages-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

interface Family {
  readonly name: string
  readonly install: (file: string) => string
  readonly remove: string
  readonly isInstalled: string
  /** Takes away what removal left. */
  readonly purge: (old: string) => string
}

const families: readonly Family[] = [
  {
    name: 'deb',
    install: file => `dpkg -i /packages/${file}`,
    remove: 'dpkg --remove cyberalarm',
    isInstalled: "dpkg -s cyberalarm | grep '^Status: .* installed$'",
    purge: () => 'dpkg --purge cyberalarm',
  },
  {
    // Debian's rpm refuses to install without being told that this is no mistake
    name: 'rpm',
    install: file => `rpm -U --nodeps --force-debian /packages/${file}`,
    remove: 'rpm -e cyberalarm',
    isInstalled: 'rpm -q cyberalarm',
    purge: old => `rpm -U --nodeps --force-debian /packages/${old} && ! cyberalarm-remove-data && cyberalarm-remove-data --yes`,
  },
]

const status = (machine: Machine) => JSON.parse(machine.run(['cyberalarm', 'status', '--json']).out || '{}') as Status
const isUp = (machine: Machine, version: string) =>
  until(
    () => status(machine),
    now => now.running === true && now.version === version,
  )
/** The kernel's numbers of the sockets: they change when a socket is closed and opened again. */
const sockets = (machine: Machine) =>
  machine
    .sh("ss -Hlnue 'sport = :514'; ss -Hlnte 'sport = :514 or sport = :6514'")
    .match(/ino:\d+/g)
    ?.sort() ?? []
/**
 * All that the machine has changed where packages put something, and who there is; not what package managers and logs keep of the
 * past, nor what is installed outside meanwhile.
 */
const stateOf = (machine: Machine): string[] => [
  ...machine.sh('getent passwd; getent group; find /run -xdev -not -path "/run/log*" -not -path "/run/systemd*"').trim().split('\n').sort(),
  ...machine
    .own('etc', 'usr', 'var')
    .filter(path => !past.some(each => matchesGlob(path.replace('- ', ''), each) || path.startsWith(`${each}/`)))
    .sort(),
]
const past = ['/var/lib/dpkg', '/var/lib/rpm', '/var/lib/systemd', '/var/log', '/var/cache', '/var/tmp', '/etc/*-', '/etc/.pwd.lock']

for (const family of families)
  t.test(`as a .${family.name}`, { skip: reason ?? false }, async t => {
    const old = makeQuickly(folder, '1.2.9')
    const next = makeQuickly(folder, '1.10.0')
    const fileOf = (made: typeof old) => (family.name === 'deb' ? made.deb : made.rpm)
    const machine = await startMachine(folder)
    t.teardown(machine.close)
    const before = stateOf(machine)

    machine.sh(family.install(fileOf(old)))
    await isUp(machine, old.released)
    t.equal(sockets(machine).length, 3, 'it runs, and UDP, TCP and TLS are open')
    t.equal(machine.sh('systemctl is-enabled cyberalarm-agent').trim(), 'enabled', 'and will after a restart of the machine')
    t.match(
      machine.sh('stat -c "%a %U:%G" /etc/cyberalarm/cyberalarm.conf /etc/cyberalarm /var/lib/cyberalarm'),
      /^640 root:cyberalarm\n750 root:cyberalarm\n700 cyberalarm:cyberalarm\n$/,
    )
    t.equal(machine.sh('cat /proc/net/netfilter/nfnetlink_log'), '', 'the packet log of the machine is not listened to')
    t.match(machine.sh('ps -o user:12= -C node-MainThread,node'), /^cyberalarm\s*$/, 'as its own user')
    t.same(
      status(machine).findings.map(({ code }) => code),
      ['central-not-set', 'not-enrolled'],
      'nothing is wrong but that it is not enrolled',
    )

    const central = await startCentralProcess(join(folder, `central-${family.name}`), 0, { inside: machine.network })
    t.teardown(central.kill)
    machine.sh(
      `printf 'central.url = ${central.url}\\ncentral.pins = ${central.pins.join(' ')}\\n' >> /etc/cyberalarm/cyberalarm.conf; cyberalarm-restart`,
    )
    t.match(machine.sh('cyberalarm enrol -', `${await central.makeCode()}\n`), /^enrolled as /)
    t.match(
      machine.sh('find /var/lib/cyberalarm /run/cyberalarm ! -user cyberalarm'),
      /^$/,
      "root enrols it, and what that writes is the agent's",
    )
    await isUp(machine, old.released)

    // the machine is up to date again while messages come in
    const open = sockets(machine)
    const program = `const s=require('dgram').createSocket('udp4');const lines=JSON.parse(require('fs').readFileSync(0));let i=0;const timer=setInterval(()=>{for(let n=0;n<5;n++){if(i===lines.length){clearInterval(timer);s.close();return}s.send(lines[i++],514,'127.0.0.1')}},5)`
    const [command, ...words] = [...machine.network, 'env', '-u', 'NODE_OPTIONS', process.execPath, '-e', program]
    const sender = spawn(command, words, { stdio: ['pipe', 'inherit', 'inherit'] })
    sender.stdin.end(JSON.stringify(Array.from({ length: MESSAGES }, (_, i) => blockedLine(i))))
    const sent = once(sender, 'close')
    machine.sh(family.install(fileOf(next)))
    await sent
    t.match(machine.sh(family.isInstalled), family.name === 'rpm' ? '1.10.0' : 'installed', 'the upgrade is in place')
    t.strictSame(sockets(machine), open, 'and no socket was closed for it')
    const all = await until(
      () => status(machine),
      now => now.running && sums(now).sent >= MESSAGES && sums(now).waiting + sums(now).spooled === 0,
      60_000,
    )
    t.equal(sums(all).received - sums(all).ignored, MESSAGES, 'besides, the agent sends itself test messages, which are ignored')
    t.match(sums(all), { sent: MESSAGES, unreadable: 0, unaccounted: 0, shed: 0 }, 'every message that came meanwhile is at central')
    t.match(machine.sh('cat /etc/cyberalarm/cyberalarm.conf'), central.url, 'settings of the member are as they were')

    machine.sh('systemctl disable --now cyberalarm-agent')
    machine.sh(family.install(fileOf(next)).replace('-U', '-U --force'))
    t.match(machine.run(['systemctl', 'is-active', 'cyberalarm-agent']).out, 'inactive', 'what was switched off stays off')

    machine.sh(family.remove)
    t.not(machine.run(['sh', '-c', family.isInstalled]).code, 0)
    t.strictSame(sockets(machine), [], 'removed, nothing listens')
    t.match(
      machine.sh('ls /var/lib/cyberalarm; ls /etc/cyberalarm'),
      /identity\.json.*ledger.*spool.*cyberalarm\.conf/s,
      'and all that it knew is kept',
    )
    machine.sh(family.install(fileOf(next)))
    t.match(machine.sh('cat /etc/cyberalarm/cyberalarm.conf'), central.url, 'installed again, it has its settings')
    machine.sh(family.remove)

    t.ok(stateOf(machine).includes('/var/lib/cyberalarm/identity.json'))
    machine.sh(family.purge(fileOf(old)))
    t.strictSame(stateOf(machine), before, 'purged, the machine is as it was')
  })

t.test('where another program has the port', { skip: reason ?? false }, async t => {
  const made = makeQuickly(folder, '1.2.9')
  const machine = await startMachine(folder)
  t.teardown(machine.close)
  machine.sh('systemd-run --quiet --unit=other --socket-property=ListenDatagram=514 sleep 1000')
  const { code, error } = machine.run(['dpkg', '-i', `/packages/${made.deb}`])
  t.equal(code, 0, 'it is installed all the same')
  t.match(error, /cannot receive syslog over udp: systemd is using port 514/)
  t.notMatch(error, /cannot receive syslog over tcp/)
  await isUp(machine, made.released)
  machine.sh(
    "sed -i 's/^#syslog.udp.*/syslog.udp = [::]:1514/; s/^#syslog.tls.*/syslog.tls = off/; s/^#nflog/nflog/' /etc/cyberalarm/cyberalarm.conf",
  )
  t.equal(machine.run(['cyberalarm-restart']).error, '', 'does what was advised, and the complaint is gone')
  await isUp(machine, made.released)
  const listening = machine.sh('ss -Hlntup')
  t.match(listening, /:1514 .*systemd/)
  t.notMatch(listening, /:6514 /, 'what is off is not open')
  t.match(machine.sh('cat /proc/net/netfilter/nfnetlink_log'), /^ *514 /, 'a group that the settings name is listened to')
  const before = sockets(machine)
  machine.sh("sed -i 's/^syslog.tcp.*/syslog.tcp = nonsense;x/; s/^syslog.udp.*/syslog.udp = $(reboot)/' /etc/cyberalarm/cyberalarm.conf")
  const refused = machine.run(['cyberalarm-restart'])
  t.not(refused.code, 0)
  t.match(refused.error, /syslog\.udp = \$\(reboot\).*\[settings-wrong\]/s)
  t.strictSame(sockets(machine), before, 'settings that cannot be used end nothing that runs')
})

t.test('one reader of the settings', { skip: reason ?? false }, async t => {
  const made = makeQuickly(folder, '1.2.9')
  const machine = await startMachine(folder)
  t.teardown(machine.close)
  const settings = '/etc/cyberalarm/cyberalarm.conf'
  const write = (text: string) => machine.sh(`cat > ${settings}`, text)
  const groups = () => [...machine.sh('cat /proc/net/netfilter/nfnetlink_log').matchAll(/^ *(\d+) /gm)].map(([, group]) => group)
  const open = () =>
    machine
      .sh('ss -Hlntu')
      .match(/(udp|tcp) .*?:\d+ /g)
      ?.map(line => line.replace(/ .*:| $/g, ' ').trim())
      .sort()
  /** As at a start of the machine: nothing of ours runs, and only the agent is asked for. */
  const startAnew = async () => {
    machine.sh(
      `systemctl stop 'cyberalarm-*.service' 'cyberalarm-*.socket'; systemctl daemon-reload; systemctl start cyberalarm-agent.service`,
    )
    await isUp(machine, made.released)
  }
  machine.sh(`dpkg -i /packages/${made.deb}`)
  await isUp(machine, made.released)
  t.strictSame(open(), ['tcp 514', 'tcp 6514', 'udp 514'])

  write('\uFEFFsyslog.udp = off\nsyslog.tcp = "0.0.0.0:1514"\nnflog.groups = 5 ,7\n')
  machine.sh('systemctl daemon-reload')
  t.strictSame(open(), ['tcp 514', 'tcp 6514', 'udp 514'], 'until a restart all is as it was')
  t.equal(machine.run(['cyberalarm-restart']).error, '')
  await isUp(machine, made.released)
  t.strictSame(open(), ['tcp 1514', 'tcp 6514'], 'what is off for the agent is off for systemd, behind a byte order mark too')
  t.strictSame(groups(), ['5', '7'])

  write('nflog.groups = 5, x7\n')
  const refused = machine.run(['cyberalarm-restart'])
  t.match(refused.error, /nflog\.groups = 5, x7.*\[settings-wrong\]/s)
  t.strictSame(
    [open(), groups()],
    [
      ['tcp 1514', 'tcp 6514'],
      ['5', '7'],
    ],
    'what the agent refuses, no helper takes half of',
  )

  write('syslog.udp = [::]:2514\nsyslog.tcp = off\nnflog.groups = 9\n')
  await startAnew()
  t.strictSame([open(), groups()], [['tcp 6514', 'udp 2514'], ['9']], 'what was edited before a start of the machine counts from then on')
  t.match(machine.run(['systemctl', 'is-active', 'cyberalarm-apply']).out, /^active/)
  write('')
  await startAnew()
  t.strictSame([open(), groups()], [['tcp 514', 'tcp 6514', 'udp 514'], []], 'and all defaults again')

  for (const named of [['5', '7'], ['5'], ['5', '9'], []]) {
    write(`syslog.tcp = [::]:1514\nnflog.groups = ${named.join(' ')}\n`)
    machine.sh('systemctl restart cyberalarm-agent')
    await isUp(machine, made.released)
    t.strictSame(groups(), named, 'the packet log follows a restart of the agent alone')
    t.strictSame(open(), ['tcp 514', 'tcp 6514', 'udp 514'], 'the sockets do not')
  }

  write('syslog.udp = nonsense\n')
  machine.sh(
    `systemctl stop 'cyberalarm-*.service' 'cyberalarm-*.socket'; systemctl daemon-reload; systemctl start cyberalarm-agent.service || true`,
  )
  const applied = () => machine.sh('systemctl show -p ActiveState -p InvocationID -p Result cyberalarm-apply')
  const first = applied()
  t.match(first, /Result=success\nActiveState=active/, 'settings with an error do not make a failed unit')
  await until(
    () => Number(machine.sh('systemctl show -p NRestarts --value cyberalarm-agent')),
    restarts => restarts > 2,
    60_000,
  )
  t.equal(applied(), first, 'and that unit is not started again with each restart of the agent')
  write('syslog.udp = [::]:3514\n')
  await isUp(machine, made.released)
  t.equal(machine.run(['cyberalarm-restart']).error, '')
  await isUp(machine, made.released)
  t.strictSame(open(), ['tcp 514', 'tcp 6514', 'udp 3514'], 'corrected, it counts')

  write('syslog.udp = [::]:4514\nsyslog.tcp = off\n')
  await machine.restart()
  // systemd-tmpfiles-setup.service, which makes these folders before the sockets, is not on the test machine
  machine.sh('systemd-tmpfiles --create cyberalarm.conf')
  await isUp(machine, made.released)
  t.strictSame(open(), ['tcp 6514', 'udp 4514'], 'what was edited counts at the next start of the machine')

  const hostile = [
    'syslog.tcp nonsense;x',
    'syslog.udp $(reboot)',
    'syslog.tls [::]:1\\nExecStartPre=/bin/x',
    'nflog.groups 5 x7',
    '../x 1',
    'nflog.groups',
  ]
  machine.sh('cat > /etc/cyberalarm/applied; systemctl daemon-reload', `${hostile.join('\n')}\n`)
  t.equal(machine.sh('find /run/systemd/generator* -name "*cyberalarm*"'), '', 'what is no address never gets to systemd')
})
