// A day of the workload of `make bench`, read by the agent's own recognisers and rules, through real hour files: what is found of what
// was planted, and what is found that was not.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { actionNames } from '../../agent/event.ts'
import { Gateway } from '../../agent/pipeline/gateways.ts'
import { Interpreter } from '../../agent/pipeline/interpreter.ts'
import { Reading } from '../../agent/recognisers/recogniser.ts'
import { Networks } from '../../agent/triage/networks.ts'
import { rules as triageRules, Verdict } from '../../agent/triage/rules.ts'
import { Triage } from '../../agent/triage/triage.ts'
import { Arrivals } from '../arrivals/arrivals.ts'
import { batchOf, type TestEvent } from '../arrivals/test-batches.ts'
import { listFindings } from '../findings/list.ts'
import { Register } from '../register/register.ts'
import { Correlator } from './correlator.ts'
import { Hot } from './hot.ts'
import { ruleKeys } from './rules.ts'

const generator = join(import.meta.dirname, '../../../shared/bench/workload.mjs')
const MESSAGES = 60_000
const MEMBERS = 3
const DAY_S = 86_400
const START_S = Date.UTC(2026, 10, 20) / 1000

interface Truth {
  readonly kind: string
  readonly suspicious: boolean
  readonly action: string
  readonly src: string
  readonly dst: string
  readonly dport: number
}

interface Event extends TestEvent {
  readonly member: number
  readonly truth: Truth
}

/** What the box of a member sends of its day. */
function daySent(member: number, folder: string): { sent: Event[]; truths: Truth[] } {
  const truthFile = join(folder, `truth-${member}`)
  const made = spawnSync(process.execPath, [generator, '--messages', String(MESSAGES), '--seed', String(member), '--truth', truthFile], {
    maxBuffer: 2 ** 30,
  })
  const truths = readFileSync(truthFile, 'utf8')
    .trim()
    .split('\n')
    .map((line): Truth => JSON.parse(line))
  const interpreter = new Interpreter(new Triage(new Networks(['198.51.100.0/24'])))
  const gateway = new Gateway(1, '192.0.2.1')
  const sent: Event[] = []
  let start = 0
  for (const [i, truth] of truths.entries()) {
    const end = made.stdout.indexOf(10, start)
    const time = START_S + Math.floor((DAY_S / MESSAGES) * (i + 1))
    const reading = interpreter.interpret(made.stdout, start, end, gateway, time * 1000)
    start = end + 1
    if (reading !== Reading.event || triageRules[interpreter.rule].verdict !== Verdict.send) continue
    const { event } = interpreter
    const ends = [event.hasSource ? event.words[3] : undefined, event.hasDestination ? event.words[7] : undefined]
    sent.push({
      member,
      truth,
      time,
      action: event.action,
      reason: triageRules[interpreter.rule].name,
      ...(ends[0] !== undefined && { source: ends[0] }),
      ...(ends[1] !== undefined && { destination: ends[1] }),
      sourcePort: event.sourcePort,
      destinationPort: event.destinationPort,
      protocol: event.protocol,
      direction: event.direction,
    })
  }
  return { sent, truths }
}

/** By plain counting: in which of these groups some two hours of the clock hold so many different values. */
function reached(
  events: readonly Event[],
  groupOf: (event: Event) => string,
  valueIn: (event: Event) => string,
  atLeast: number,
): Set<string> {
  const windows = new Map<string, Set<string>>()
  for (const event of events)
    for (const hour of [0, 1]) {
      const key = `${groupOf(event)} ${Math.floor(event.time / 3600) + hour}`
      const values = windows.get(key) ?? new Set()
      windows.set(key, values.add(valueIn(event)))
    }
  return new Set([...windows].filter(([, values]) => values.size >= atLeast).map(([key]) => key.slice(0, key.lastIndexOf(' '))))
}

/** Six failed logins in 24 hours of the clock that are four hours apart, or ten in two. */
function guessed(logins: readonly Event[]): Set<string> {
  const found = new Set<string>()
  for (const [key, some] of Map.groupBy(logins, ({ member, truth }) => `${truth.src} ${member}`)) {
    const hours = some.map(({ time }) => Math.floor(time / 3600))
    for (const last of hours) {
      const day = hours.filter(hour => hour <= last && hour > last - 24)
      const isSpread = day.length >= 6 && Math.max(...day) - Math.min(...day) >= 4
      if (isSpread || day.filter(hour => hour >= last - 1).length >= 10) found.add(key)
    }
  }
  return found
}

t.test(
  'of a day of the workload everything that was planted is found, and nothing of its benign part',
  { skip: existsSync(generator) ? false : 'the workload is not here' },
  async t => {
    const folder = t.testdir()
    const days = Array.from({ length: MEMBERS }, (_, i) => daySent(i + 1, folder))
    const sent = days.flatMap(day => day.sent).toSorted((a, b) => a.time - b.time)
    let now = START_S * 1000
    const register = Register.open(folder)
    const arrivals = await Arrivals.open(folder, { now: () => now })
    register.transact(transaction => {
      for (let id = 1; id <= MEMBERS; id++) {
        transaction.run('INSERT INTO members VALUES ($id, $name)', { id, name: `member-${id}` })
        transaction.run('INSERT INTO devices VALUES ($id, $name, $id, 0)', { id, name: `device-${id}` })
      }
    })
    const hot = await Hot.open(await arrivals.connect())
    const correlator = new Correlator({ hot, register, hours: () => arrivals.hours(), now: () => now })
    const sequences = new Map<number, number>()
    for (const [part, some] of Map.groupBy(sent, ({ time }) => Math.floor(time / 1200))) {
      now = (part + 1) * 1_200_000
      const batches = [...Map.groupBy(some, ({ member }) => member)].map(([member, events]) => {
        const sequence = (sequences.get(member) ?? 0) + 1
        sequences.set(member, sequence)
        return batchOf(events, { device: member, member, sequence })
      })
      await arrivals.append(batches)
      await correlator.round()
    }
    while (await correlator.round());
    const findings = listFindings(register, 100_000)

    const truths = days.flatMap(day => day.truths)
    const planted = new Set(truths.filter(({ suspicious }) => suspicious).map(({ src }) => src))
    const kindsOf = new Map<string, Set<string>>()
    for (const { src, kind } of truths) kindsOf.set(src, (kindsOf.get(src) ?? new Set()).add(kind))
    for (const rule of ruleKeys) {
      const some = findings.filter(one => one.rule === rule)
      const alarms = some.filter(({ source }) => !planted.has(source))
      t.same(alarms, [], `${rule}: ${some.length} findings, ${alarms.length} of a benign source`)
    }

    const blocked = sent.filter(({ action = 0, truth }) => actionNames[action] !== 'login-failed' && truth.suspicious)
    const foundAt = (...rules: string[]) =>
      new Set(
        findings
          .filter(({ rule }) => rules.includes(rule))
          .flatMap(({ source, members }) =>
            members.flatMap(({ member, targets }) => [
              source,
              `${source} ${member}`,
              ...targets.map(target => `${source} ${member} ${target}`),
            ]),
          ),
      )
    const isTcpOrUdp = ({ destinationPort = -1 }: Event) => destinationPort > 0
    const ofKind = (kind: string) => blocked.filter(event => event.truth.kind === kind && isTcpOrUdp(event))
    const keyOf = ({ member, truth }: Event) => `${truth.src} member-${member} ${truth.dst}`
    const recall = (what: string, expected: Set<string>, found: Set<string>) => {
      const missed = [...expected].filter(key => !found.has(key))
      t.same(missed, [], `${what}: ${expected.size - missed.length} of ${expected.size} found`)
      t.ok(expected.size > 0, `${what} was planted`)
    }
    recall(
      'sweeps',
      reached(ofKind('sweep'), keyOf, ({ truth }) => String(truth.dport), 15),
      foundAt('vertical'),
    )
    recall(
      'background that scans',
      reached(
        ofKind('background'),
        ({ truth }) => truth.src,
        ({ member, truth }) => `${member} ${truth.dst} ${truth.dport}`,
        25,
      ),
      foundAt('vertical', 'horizontal', 'random'),
    )
    const logins = guessed(sent.filter(({ truth }) => truth.kind === 'login'))
    recall('guessing', new Set([...logins].map(key => key.replace(/ (\d+)$/, ' member-$1'))), foundAt('guessing'))
    const vertical = reached(blocked.filter(isTcpOrUdp), keyOf, ({ truth }) => String(truth.dport), 15)
    const said = findings
      .filter(({ rule }) => rule === 'vertical')
      .flatMap(({ source, members }) => members.flatMap(({ member, targets }) => targets.map(target => `${source} ${member} ${target}`)))
    t.same(new Set(said), vertical, 'vertical scans are exactly those that plain counting gives')
    hot.end()
    await arrivals.close()
    register.close()
  },
)
