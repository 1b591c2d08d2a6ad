// Wherever a switch is cut off, the box comes up on a whole release: the guard is killed before each command with which it changes something.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { agentOf, handOverBesides, startGuard } from './test-guard.ts'
import { WANTED } from './test-releases.ts'

t.setTimeout(1_200_000)
const reason = whyNoBox()
/** What changes something; each of these kills its process group in place of doing it, if it is the call named in /run/kill-at. */
const commands = ['mkdir', 'rm', 'mv', 'sync', 'head', 'ln', 'systemctl', 'veritysetup', 'chmod']
const killer = `#!/bin/sh
echo x >> /run/calls
[ "$(wc -l < /run/calls)" != "$(cat /run/kill-at)" ] || kill -9 0
path=/usr/local/sbin:/usr/sbin:/usr/bin
PATH=$path exec "\${0##*/}" "$@"
`
const RUN = 'cd / && PATH=/run/killers:$PATH setsid -w sh /usr/lib/cyberalarm/update/switch > /run/said 2>&1'

t.test('a guard that is killed', { skip: reason ?? false }, async t => {
  const guard = await startGuard(t)
  const { machine, releases } = guard
  const [old, next] = [releases.make(10), releases.make(11)]
  machine.sh(
    `mkdir /run/killers && cat > /run/killers/mv && chmod 755 /run/killers/mv && cd /run/killers && for each in ${commands.join(' ')}; do [ $each = mv ] || ln mv $each; done`,
    killer,
  )
  for (const [name, isBad] of [
    ['in the switch to a good release', false],
    ['while one is taken back', true],
  ] as const)
    t.test(name, async t => {
      const attempt = (at: number) => {
        handOverBesides(guard, old, next)
        machine.sh(`: > /run/calls; echo ${at} > /run/kill-at${isBad ? '; touch /run/is-bad' : ''}`)
        return machine.run(['sh', '-c', RUN])
      }
      attempt(0)
      const steps = Number(machine.sh('wc -l < /run/calls'))
      t.ok(steps > 20, `${steps} steps`)
      t.equal(guard.report().state, isBad ? 'taken-back' : 'trial')
      // both ways begin with the same steps
      const first = isBad ? steps - 12 : 1
      for (let at = first; at <= steps; at += 1) {
        attempt(at)
        const { state, slot, number } = guard.open()
        const isWhole = machine.sh('cat /run/cyberalarm-release/current/agent/lib/main.js') === agentOf(number)
        t.ok(isWhole && (slot === 'a' ? number === 10 : number === 11) && state !== 'refused', `step ${at}: ${state} ${slot} ${number}`)
        machine.sh(`echo 0 > /run/kill-at; rm -f /run/is-bad; test ! -e ${WANTED}/ready || ${RUN}`)
        t.ok(['trial', 'good', 'taken-back', 'refused', 'waiting'].includes(guard.report().state), `and afterwards: ${guard.report().text}`)
        t.notOk(machine.run(['test', '-e', `${WANTED}/ready`]).code === 0, 'nothing waits for ever')
      }
    })
})
