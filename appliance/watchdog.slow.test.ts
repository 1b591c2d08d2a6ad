// The watchdog with a real systemd and the agent's own unit: an agent that hangs, that reads nothing or that cannot write is started
// again in the time that systemd gives it; one that works is left alone, however full the disk, however much comes, central or not.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Status, statusSchema } from '../agent/health/status-schema.ts'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { blockedLine, sums, until } from '../agent/testing/harness.ts'
import { startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
t.setTimeout(600_000)

/** In place of 30 s. */
const WATCHDOG_SECONDS = 7
/** How long one that works is watched. */
const CALM_MS = 1.15 * WATCHDOG_SECONDS * 1000
const unit = 'cyberalarm-agent.service'

/** Has the agent run into a loop without an end when it is told to; a debugger could do the same. */
const hang = Buffer.from("process.on('SIGUSR2', () => { for (;;); })").toString('base64')
const hanging = (unitText: string): string => {
  const [line] = /^ExecStart=.*$/m.exec(unitText) ?? []
  if (line === undefined) throw new Error('the unit starts nothing')
  return `ExecStart=\n${line.replace('$NODE_FLAGS', `--import=data:text/javascript;base64,${hang} $NODE_FLAGS`)}\n`
}
const flood = `import { createSocket } from 'node:dgram'
const [line, ms, perSecond] = process.argv.slice(1)
const socket = createSocket('udp4')
const ends = performance.now() + Number(ms)
const began = performance.now()
let sent = 0
function send() {
  if (performance.now() > ends) { console.log(sent); return socket.close() }
  for (const due = (performance.now() - began) * Number(perSecond) / 1000; sent < due; sent++) socket.send(line.replace('SPT=', 'SPT=' + sent % 10), 514, '127.0.0.1')
  setTimeout(send, 2)
}
send()`

t.test('an agent of systemd', { skip: reason ?? false }, async t => {
  const { machine, folder, settings, dropIn } = await startBox(t)
  const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network })
  t.teardown(central.kill)
  settings(`central.url = ${central.url}\ncentral.pins = ${central.pins.join(' ')}\n`)
  // not WatchdogSec=, by which systemd would count from before the agent can say anything
  dropIn(
    unit,
    `[Service]\nEnvironment=WATCHDOG_USEC=${WATCHDOG_SECONDS}000000\n${hanging(machine.sh(`cat /usr/lib/systemd/system/${unit}`))}`,
  )
  // a disk of its own, that can be full and can hang
  machine.sh(
    [
      '[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237',
      'for i in $(seq 0 63); do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done',
      'truncate -s 48M /run/disk && mkfs.ext4 -q /run/disk && mkdir -p /var/lib/cyberalarm && mount -o loop /run/disk /var/lib/cyberalarm',
    ].join('\n'),
  )
  t.teardown(() =>
    machine.sh(
      `systemctl stop ${unit}; fsfreeze -u /var/lib/cyberalarm; umount -d /var/lib/cyberalarm || umount -ld /var/lib/cyberalarm || true`,
    ),
  )
  machine.sh(`systemctl start cyberalarm-udp.socket cyberalarm-tcp.socket ${unit}`)
  const property = (name: string) => machine.sh(`systemctl show -P ${name} ${unit}`).trim()
  const status = (): Status | undefined => {
    const { code, out } = machine.run(['/usr/lib/cyberalarm/agent/bin/cyberalarm', 'status', '--json'])
    return code === 0 ? statusSchema.parse(JSON.parse(out)) : undefined
  }
  /** What is said with this code. */
  const said = (code: string) => status()?.findings.find(one => one.code === code)?.detail ?? ''
  const codes = () => status()?.findings.map(({ code }) => code) ?? []
  const isUp = () => until(status, one => (one?.dataPath?.ageSeconds ?? 99) < WATCHDOG_SECONDS / 2, 30_000)
  /** Seconds since 1970 at which systemd found that it was told nothing. */
  const timeouts = () =>
    machine
      .run(['journalctl', '-u', unit, '-o', 'short-unix', '--no-pager'])
      .out.split('\n')
      .filter(line => line.includes('Watchdog timeout'))
      .map(line => Number(line.split(' ')[0]))
  const outside = (program: string, ...words: string[]) => {
    const [command, ...before] = [...machine.network, process.execPath, '--input-type=module', '-e', program, ...words]
    return spawn(command, before, { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH } })
  }
  const send = async (ms: number, perSecond: number) => {
    const child = outside(flood, blockedLine(7), String(ms), String(perSecond))
    let said = ''
    child.stdout.on('data', text => (said += text))
    await once(child, 'close')
    return Number(said)
  }
  let restarts = 0
  /** What happens now, and that systemd then takes the agent for dead. */
  const isSeen = async (what: string, happen: () => unknown) => {
    await happen()
    const began = Date.now() / 1000
    restarts++
    const seen = await until(timeouts, all => all.length === restarts, (WATCHDOG_SECONDS + 20) * 1000)
    const took = seen[restarts - 1] - began
    t.comment(`${what}: seen after ${took.toFixed(1)} s`)
    t.ok(took < WATCHDOG_SECONDS + 1, what)
    return began
  }
  const worksAgain = async (began: number) => {
    const again = await isUp()
    t.comment(`works again after ${(Date.now() / 1000 - began).toFixed(1)} s`)
    t.equal(property('NRestarts'), String(restarts))
    t.match(
      said('watchdog-restarted'),
      /^The watchdog restarted the agent \d+ (s|min) ago, because it did not show any more that it works$/,
    )
    t.ok(Date.now() - Date.parse(again?.dataPath?.restartedAt ?? '') < 120_000)
  }
  const isLeftAlone = async (what: string) => {
    t.equal(property('NRestarts'), String(restarts), what)
    t.equal(timeouts().length, restarts)
  }

  const first = await isUp()
  t.match(first, { dataPath: { isWatched: true, ways: ['udp'], fault: null, restartedAt: null }, gateways: [], canary: { nonce: null } })
  machine.sh(
    'setpriv --reuid cyberalarm --regid cyberalarm --clear-groups /usr/lib/cyberalarm/agent/bin/cyberalarm enrol',
    `${await central.makeCode()}\n`,
  )

  await worksAgain(await isSeen('stopped (SIGSTOP)', () => machine.sh(`kill -STOP ${property('MainPID')}`)))
  const looping = await isSeen('a loop without an end', () => machine.sh(`kill -USR2 ${property('MainPID')}`))
  await worksAgain(looping)
  t.ok(codes().includes('stopped-uncleanly'), 'it could not end by itself')

  let words: Promise<string> | undefined
  await isSeen('the data path is cut', () => {
    machine.sh('nft -f -', 'table inet cut { chain input { type filter hook input priority 0; iif lo udp dport 514 drop; }; }\n')
    words = until(
      () => said('data-path-cut'),
      text => text !== '',
      60_000,
    )
  })
  t.match(await words, /^No test message has come through the agent for \d+ s: The agent's own test message did not come back over udp$/)
  const unproven = await until(
    () => said('data-path-unproven'),
    text => text !== '',
    30_000,
  )
  t.match(unproven, /^No test message has come through the agent: .* did not come back over udp$/)
  const killed = machine.sh(`journalctl -u ${unit} -o cat`).match(/stop-watchdog' timed out/g) ?? []
  t.equal(killed.length, 1, 'it ended by itself, with everything on the disk; only the one with the loop was killed')
  t.match(machine.sh(`journalctl -u ${unit} -o cat`), /test message did not come back over udp.*data-path-cut/)
  await sleep(CALM_MS)
  await isLeftAlone('what a restart does not mend restarts nothing again')
  machine.sh('nft delete table inet cut')
  await isUp()

  const frozen = await isSeen('the disk hangs', async () => {
    machine.sh('fsfreeze -f /var/lib/cyberalarm')
    await send(500, 100)
  })
  await sleep(1000)
  machine.sh('fsfreeze -u /var/lib/cyberalarm')
  await worksAgain(frozen)

  await central.kill()
  await send(CALM_MS, 50)
  t.ok(codes().includes('central-unreachable'))
  machine.run(['sh', '-c', 'dd if=/dev/zero of=/var/lib/cyberalarm/full bs=64k; sync'])
  await send(CALM_MS, 50)
  t.ok(codes().includes('disk-full'), 'the disk is full, and that is a reason')
  await isLeftAlone('central away, and a full disk')
  machine.sh('rm /var/lib/cyberalarm/full')

  const before = sums((await isUp()) as Status).received
  const sent = await send(CALM_MS, 20_000)
  const after = status()
  t.comment(`${sent} sent, ${sums(after as Status).received - before} received, ${after?.accounting[0].kernelLost} lost by the kernel`)
  t.ok(sent > 1000 * WATCHDOG_SECONDS)
  await isLeftAlone('20,000 messages a second')
  t.equal(sums(after as Status).unaccounted, 0)
})
