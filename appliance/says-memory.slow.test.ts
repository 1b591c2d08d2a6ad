// That the kernel killed the agent for want of memory is said by the next one, though its control group is a new one: with a real systemd
// and the agent's own unit. Where the kernel gives no memory controller to version 2 of control groups, systemd cannot be told of a kill:
// there the agent is killed otherwise, and what the unit does when it ends is run with the result that systemd.exec(5) names.
import t from 'tap'
import { type Status, statusSchema } from '../agent/health/status-schema.ts'
import { until } from '../agent/testing/harness.ts'
import { checkOf } from '../agent/testing/health-box.ts'
import { startBox, whyNoBox } from './test-box-machine.ts'

const reason = whyNoBox()
t.setTimeout(300_000)
const unit = 'cyberalarm-agent.service'
const group = '/sys/fs/cgroup/system.slice'

/** Takes all the memory there is when it is told to. */
const leak = Buffer.from("const kept = []; process.on('SIGQUIT', () => { for (;;) kept.push(Buffer.alloc(4 << 20, 'x')) })").toString(
  'base64',
)

/** The command of a line of a unit, as the shell gets it: `$$` and `%%` are systemd's for one of each. */
function shellOf(unitText: string, about: string): string {
  const line = unitText.split('\n').find(one => one.startsWith('ExecStopPost=') && one.includes(about))
  const [, command] = /^ExecStopPost=-\/bin\/sh -c '([^']+)'$/.exec(line ?? '') ?? []
  if (command === undefined) throw new Error(`the unit does nothing about ${about}`)
  return command.replaceAll('$$', '$').replaceAll('%%', '%')
}

t.test('an agent of systemd that is killed for want of memory', { skip: reason ?? false }, async t => {
  const { machine, settings, dropIn } = await startBox(t)
  settings('')
  const text = machine.sh(`cat /usr/lib/systemd/system/${unit}`)
  const [start] = /^ExecStart=.*$/m.exec(text) ?? []
  if (start === undefined) throw new Error('the unit starts nothing')
  const leaking = start.replace('$NODE_FLAGS', `--import=data:text/javascript;base64,${leak} $NODE_FLAGS`)
  dropIn(unit, `[Service]\nMemoryMax=250M\nMemorySwapMax=0\nExecStart=\n${leaking}\n`)
  machine.sh(`systemctl mask --runtime cyberalarm-rules.service && systemctl start cyberalarm-udp.socket cyberalarm-tcp.socket ${unit}`)
  const status = (): Status | undefined => {
    const { code, out } = machine.run(['/usr/lib/cyberalarm/agent/bin/cyberalarm', 'status', '--json'])
    return code === 0 ? statusSchema.parse(JSON.parse(out)) : undefined
  }
  const isUp = async () => {
    const one = await until(status, found => found?.running === true, 60_000)
    if (one === undefined) throw new Error('no agent answers')
    return one
  }
  t.ok(['ok', 'unknown'].includes(checkOf(await isUp(), 'memory-exhausted')?.level ?? ''))
  const before = machine.sh(`stat -c %i ${group}/${unit}`)
  const isCounted = machine.run(['test', '-e', `${group}/${unit}/memory.events`]).code === 0
  t.comment(isCounted ? 'killed by the kernel' : 'no memory controller of version 2 here')
  if (!isCounted) {
    const told = 'setpriv --reuid cyberalarm --regid cyberalarm --clear-groups env SERVICE_RESULT=oom-kill sh -c'
    machine.sh(`${told} '${shellOf(text, 'oom-kill')}'`)
  }
  machine.sh(`kill -${isCounted ? 'QUIT' : 'KILL'} $(systemctl show -P MainPID ${unit})`)
  await until(
    () => machine.sh(`systemctl show -P NRestarts ${unit}`).trim(),
    restarts => restarts === '1',
    60_000,
  )
  const after = await isUp()
  t.not(machine.sh(`stat -c %i ${group}/${unit}`), before, 'the group is a new one')
  t.match(checkOf(after, 'memory-exhausted'), { level: 'bad', value: 1 })
  const found = after.findings.find(({ code }) => code === 'memory-exhausted')
  t.equal(found?.detail, 'For want of memory the kernel killed the agent once within 24 hours')

  machine.sh(`kill -KILL $(systemctl show -P MainPID ${unit})`)
  const again = await until(isUp, one => one.startedAt !== after.startedAt, 60_000)
  t.match(checkOf(again, 'memory-exhausted'), { level: 'bad', value: 1 }, 'another reason is another thing')
})
