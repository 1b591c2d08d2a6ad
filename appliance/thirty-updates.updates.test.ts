// Thirty updates in a row while 5,000 messages a second come over UDP, TCP and the kernel's packet log: none is lost, the TCP connection is
// never closed, and central has every event once.
import t from 'tap'
import { sums, until } from '../agent/testing/harness.ts'
import { whyNoBox } from './test-box-machine.ts'
import { eventsAt } from './test-enrolled-box.ts'
import { startTrialBox } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(3_600_000)
const UPDATES = 30

t.test('thirty updates lose nothing', { skip: reason ?? false }, async t => {
  const box = await startTrialBox(t, { seconds: 3 })
  const sending = box.send({ udp: 3500, tcp: 1300, packets: 200 })
  for (let i = 0; i < UPDATES; i++) {
    const said = await box.update()
    t.equal(said.state, 'trial', said.text)
    box.machine.sh('/usr/lib/cyberalarm/update/keep')
  }
  const sent = await sending.end()
  const rowsOf = (input: string) => box.status()?.accounting.find(each => each.input === input)
  /** Marked messages are ignored; nothing else of what is sent here is. */
  const received = (input: string) => (rowsOf(input)?.received ?? 0) - (rowsOf(input)?.ignored ?? 0)
  await until(
    () => [received('udp'), received('tcp'), received('nflog')],
    ([udp, tcp, packets]) => udp >= sent.udp && tcp >= sent.tcp && packets >= sent.packets,
    120_000,
  )
  t.equal(received('udp'), sent.udp, 'UDP')
  t.equal(received('tcp'), sent.tcp, 'TCP')
  t.equal(received('nflog'), sent.packets, 'packets')
  t.equal(sent.connections, 1, 'over one connection')
  const last = await until(
    () => box.status(),
    now => now !== undefined && sums(now).waiting + sums(now).spooled === 0,
    120_000,
  )
  t.equal(last === undefined ? undefined : sums(last).unaccounted, 0)
  for (const { input, kernelLost, deafSeconds } of last?.accounting ?? [])
    t.same([kernelLost ?? 0, deafSeconds], [0, 0], `the kernel lost nothing of ${input}, and it was never deaf`)
  box.machine.sh('systemctl stop cyberalarm-agent.service')
  const journal = box.machine.sh('journalctl -u cyberalarm-agent.service -o short-unix --no-pager')
  await box.central.kill()
  const { refused, packets, twice } = await eventsAt(`${box.folder}/central`)
  t.equal(refused, sent.refused, 'every refused connection is at central')
  t.equal(packets, sent.packets, 'and every packet')
  t.equal(twice, 0, 'none of them twice')
  const switches = switchesOf(journal)
  t.equal(switches.length, UPDATES, 'switches in the journal')
  const [median, worst] = [switches[Math.floor(UPDATES / 2)], switches.at(-1)]
  t.comment(
    `${UPDATES} updates: ${JSON.stringify(sent)}; from the stop of the old agent to the listening new one ${median} ms, at most ${worst} ms`,
  )
})

/** Milliseconds of each restart, smallest first: from systemd's 'Stopping' to the next agent's 'listening on'. */
function switchesOf(journal: string): number[] {
  const found: number[] = []
  let stopped: number | undefined
  for (const line of journal.split('\n')) {
    const at = Number.parseFloat(line) * 1000
    if (line.includes('Stopping cyberalarm-agent')) stopped = at
    if (!line.includes('listening on') || stopped === undefined) continue
    found.push(Math.round(at - stopped))
    stopped = undefined
  }
  return found.toSorted((a, b) => a - b)
}
