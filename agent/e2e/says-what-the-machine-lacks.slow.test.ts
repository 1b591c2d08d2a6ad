// Each check of the machine is made true for real: a disk that is full, one without inodes, a file system with errors, a clock that is
// wrong, certificates that end, an agent that is killed or stands still. For temperature and memory, which no test can have of the
// machine that it runs on, a folder stands in for /proc and /sys.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, temporaryFolder, until } from '../testing/harness.ts'
import { checkOf, healthBox, whenCheck, writeFiles } from '../testing/health-box.ts'

t.setTimeout(300_000)
t.jobs = 4

const isRoot = process.getuid?.() === 0
const skip = isRoot ? false : 'mounting a disk needs root'
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const noFaketime = existsSync(faketime) ? false : 'needs libfaketime (apt-get install faketime)'

function mount(t: Test, folder: string, ...words: string[]): void {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', [...words, folder])
  t.teardown(() => execFileSync('umount', ['-l', folder]))
}

t.test('a disk that is nearly full, and one that has room but no inodes', { skip }, async t => {
  const full = healthBox(t)
  const { data } = pathsBelow(full.root)
  mount(t, data, '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs')
  const agent = await full.start()
  t.equal(checkOf(await agent.status(), 'disk')?.level, 'ok')
  const { bavail, bsize, blocks } = statfsSync(data)
  writeFileSync(join(data, 'filler'), Buffer.alloc(bsize * (bavail - Math.floor(blocks * 0.03))))
  t.match(await whenCheck(agent, 'disk', 'bad'), /Of the disk with the data only [234] % is free \[disk-low\]/)

  const crowded = healthBox(t)
  const place = pathsBelow(crowded.root).data
  mount(t, place, '-t', 'tmpfs', '-o', 'size=64m,nr_inodes=400', 'tmpfs')
  for (let left = statfsSync(place).ffree; left > 38; left--) writeFileSync(join(place, `file-${left}`), '')
  t.match(await whenCheck(await crowded.start(), 'disk', 'warn'), /is free: there are too many files \(inodes\) \[disk-low\]/)
})

t.test('a file system that has met errors, and one that went read-only', { skip }, async t => {
  const dir = temporaryFolder(t)
  const box = healthBox(t)
  const { data } = pathsBelow(box.root)
  const image = join(dir, 'disk.img')
  execFileSync('truncate', ['-s', '32M', image])
  execFileSync('/sbin/mkfs.ext4', ['-q', '-F', '-e', 'continue', image])
  mount(t, data, '-o', 'loop', image)
  const { dev } = statSync(data)
  const name = readdirSync('/sys/fs/ext4').find(
    one =>
      existsSync(`/sys/class/block/${one}/dev`) &&
      readFileSync(`/sys/class/block/${one}/dev`, 'utf8').trim() === `${dev >> 8}:${dev & 255}`,
  )
  if (name === undefined) throw new Error('the loop device is not in /sys/fs/ext4')
  const agent = await box.start()
  t.match(checkOf(await agent.status(), 'disk-errors'), { level: 'ok', value: 0 })
  writeFileSync(`/sys/fs/ext4/${name}/trigger_fs_error`, 'a test')
  t.match(await whenCheck(agent, 'disk-errors', 'bad'), /has reported errors: 1 \[disk-errors\]/)
  await agent.kill()
  execFileSync('mount', ['-o', 'remount,ro', data])
  // an agent that cannot write does not start; one that runs is told by the kernel
  const { fileSystemOf } = await import('../health/machine/disk.ts')
  t.match(fileSystemOf(data, { proc: '/proc', sys: '/sys' }), { isReadOnly: true, diskErrors: 1 })
})

t.test('a clock that is set: it jumps, and is off that of central', { skip: noFaketime }, async t => {
  const central = await startCentral({ folder: join(temporaryFolder(t), 'central') })
  t.teardown(() => central.close())
  const box = healthBox(t, { central })
  const shift = join(box.root, 'shift')
  writeFileSync(shift, '+0\n')
  await cyberalarm(box.root, 'enrol', await central.makeCode())
  const preload = ['env', `LD_PRELOAD=${faketime}`, `FAKETIME_TIMESTAMP_FILE=${shift}`, 'FAKETIME_NO_CACHE=1', 'DONT_FAKE_MONOTONIC=1']
  const agent = await box.start({ inside: preload })
  await sendTcp(agent.tcpPort, [blockedLine(1)])
  await whenCheck(agent, 'clock', 'ok')
  writeFileSync(shift, '+75s\n')
  await whenCheck(agent, 'clock-jumped', 'warn')
  await sendTcp(agent.tcpPort, [blockedLine(2)])
  const said = await whenCheck(agent, 'clock', 'bad')
  t.match(said, /The clock of this box is off by 7[345] s: it is ahead \[clock-off\]/)
  t.match(said, /The clock of this box jumped once since the agent started: last by 75 s \[clock-jumped\]/)
})

t.test('certificates near their end: that of the box, and the one for syslog over TLS', async t => {
  // a central that issues as it did 88 days ago
  const central = await startCentral({ folder: join(temporaryFolder(t), 'central'), now: () => Date.now() - 88 * 86_400_000 })
  t.teardown(() => central.close())
  const dir = temporaryFolder(t)
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
  const subject = ['-subj', '/CN=syslog.example', '-days', '10', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const settings = { 'syslog.tls': '127.0.0.1:0', 'syslog.tls.certificate': certificate, 'syslog.tls.key': key }
  const box = healthBox(t, { central, settings })
  await cyberalarm(box.root, 'enrol', await central.makeCode())
  const agent = await box.start()
  const said = await whenCheck(agent, 'certificate', 'bad')
  t.match(said, /The certificate of this box ends in 1 day \[certificate-ends\]/)
  t.match(said, /The certificate for syslog over TLS ends in 9 days \[tls-certificate-ends\]/)
})

t.test('an agent that is killed, and one that stood still', async t => {
  const box = healthBox(t)
  const first = await box.start()
  await sleep(1500)
  first.child.kill('SIGSTOP')
  await sleep(2600)
  first.child.kill('SIGCONT')
  t.match(await whenCheck(first, 'stall', 'bad'), /For up to \d\.\d s at a time the agent could do nothing .*\[agent-stalled\]/)
  await first.kill('SIGKILL')
  const second = await box.start()
  t.match(await whenCheck(second, 'restarts', 'warn'), /killed or crashed once within 24 hours.*\[stopped-uncleanly\]/)
  await second.kill('SIGTERM')
  t.match(checkOf(await (await box.start()).status(), 'restarts'), { level: 'warn', value: 1 }, 'it is known for a day')
})

t.test('a queue that fills, and grows old, while central is away', async t => {
  const central = await startCentral({ folder: join(temporaryFolder(t), 'central') })
  const box = healthBox(t, { central, settings: { 'spool.quotaMiB': '16' } })
  await cyberalarm(box.root, 'enrol', await central.makeCode())
  await central.close()
  const agent = await box.start()
  await sendTcp(agent.tcpPort, [blockedLine(1)])
  t.match(await whenCheck(agent, 'central', 'bad'), /Central (cannot be reached|has confirmed nothing)/)
  const { spool } = pathsBelow(box.root)
  const [oldest] = await until(
    () => readdirSync(spool).filter(name => name.endsWith('.batch')),
    names => names.length > 0,
  )
  const hoursAgo = Date.now() / 1000 - 2 * 3600
  utimesSync(join(spool, oldest), hoursAgo, hoursAgo)
  t.match(await whenCheck(agent, 'spool-age', 'warn'), /The oldest batch in the queue has waited for 2 h \[queue-old\]/)
})

t.test('what no machine of a test has: heat, and too little memory (folders stand in for /proc and /sys)', async t => {
  const files = {
    'proc/meminfo': 'MemTotal:        1000000 kB\nMemFree:           10000 kB\nMemAvailable:      35000 kB\n',
    'proc/pressure/memory': 'some avg10=50.00 avg60=42.10 avg300=9.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
    'proc/self/cgroup': '0::/system.slice/cyberalarm-agent.service\n',
    'sys/fs/cgroup/system.slice/cyberalarm-agent.service/memory.events': 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n',
    'sys/class/hwmon/hwmon0/temp1_input': '61000\n',
    'sys/class/hwmon/hwmon0/temp2_input': '255000\n',
    'sys/class/thermal/thermal_zone0/temp': '91000\n',
  }
  const box = healthBox(t, { machine: files })
  const agent = await box.start()
  const said = await whenCheck(agent, 'memory', 'bad')
  t.match(said, /Only 3 % of the memory is available \[memory-low\]/)
  t.match(said, /Programs waited for memory during 42 % of the last minute \[memory-pressure\]/)
  t.match(said, /For want of memory the kernel killed the agent once within 24 hours \[memory-exhausted\]/)
  t.match(said, /The hardware is at 91 °C \[temperature-high\]/)
  writeFiles(box.root, { 'sys/class/thermal/thermal_zone0/temp': '96000\n' })
  t.match(await whenCheck(agent, 'temperature', 'bad'), /96 °C/)
})

t.test('what the guard of releases says, and signatures that have expired (their files stand in for them)', async t => {
  const box = healthBox(t)
  const at = new Date().toISOString()
  writeFiles(box.root, {
    'run/cyberalarm-release/report.json': JSON.stringify({
      at,
      state: 'taken-back',
      slot: 'factory',
      version: '0.4.0',
      number: 57,
      text: 'it did not send',
    }),
    'var/lib/cyberalarm-update/state.json': JSON.stringify({
      at,
      running: { version: '0.1.0', number: 1 },
      fault: { code: 'update-expired', detail: 'the signatures have expired', since: '2026-01-01T00:00:00Z' },
    }),
  })
  const said = await whenCheck(await box.start(), 'update', 'bad')
  t.match(said, /The last update did not work and was taken back: it did not send \[update-taken-back\]/)
  t.match(said, /This box has gone back to the release it came with \[release-factory-only\]/)
  t.match(said, /The box has not been able to look for updates for \d+ days: the signatures have expired \[update-expired\]/)
})
