// A machine with the appliance's units as in test-box-machine.ts, whose agent is enrolled at a real central in the machine's network, and
// what may be sent to it there: over UDP and TCP, and packets that its kernel logs.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import * as z from 'zod'
import type { Status } from '../agent/health/status-schema.ts'
import { type CentralProcess, startCentralProcess } from '../agent/testing/central-process.ts'
import { until } from '../agent/testing/harness.ts'
import { startCentral } from '../central-stub/central.ts'
import { startBox, type TestBox } from './test-box-machine.ts'

const GROUP = 514
/** Documentation addresses (RFC 5737): a foreign one, and one of the member that packets are sent to. */
const FOREIGN = '203.0.113.5'
const MEMBER = '198.51.100.10'
const rules = `table inet test { chain input { type filter hook input priority 0; ip daddr ${MEMBER} udp dport 1-65000 log prefix "[GW-DROP] " group ${GROUP} snaplen 24 queue-threshold 32 drop; }; }`
/** Of the release that came with the system. */
const program = '/usr/lib/cyberalarm/agent/bin/cyberalarm'
const sender = join(import.meta.dirname, 'test-steady-sender.ts')

export interface EnrolledBox extends TestBox {
  readonly central: CentralProcess
  /** Undefined while no agent answers. */
  status(): Status | undefined
  /** Waits until an agent answers, and is of this version if one is named. */
  isUp(version?: string): Promise<Status>
  /** Sends so many messages a second over each way until `end`, which gives how many there were of each. */
  send(rates: Rates): Sending
}
export interface Rates {
  readonly udp?: number
  readonly tcp?: number
  readonly packets?: number
}
export interface Sent {
  readonly udp: number
  readonly tcp: number
  readonly packets: number
  /** Of `udp` and `tcp`: those that are to reach central. */
  readonly refused: number
  /** How many TCP connections it took: one, if none was closed. */
  readonly connections: number
}
export interface Sending {
  end(): Promise<Sent>
}

export interface Preparation {
  /** Run before the agent is started. */
  readonly prepare?: (box: TestBox) => void
  /** A folder below the box's that central serves updates from. */
  readonly updates?: string
  /** More settings of the agent, by name. */
  readonly settings?: Readonly<Record<string, string>>
}

export async function startEnrolledBox(
  t: { teardown(done: () => unknown): unknown },
  { prepare = () => undefined, updates, settings: more = {} }: Preparation = {},
): Promise<EnrolledBox> {
  const box = await startBox(t)
  const { machine, folder } = box
  const options = updates === undefined ? [] : ['--updates', join(folder, updates)]
  const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network, options })
  t.teardown(central.kill)
  const settings = {
    'central.url': central.url,
    'central.pins': central.pins.join(' '),
    'member.networks': `${MEMBER}/24`,
    'nflog.groups': `${GROUP}`,
    ...more,
  }
  const text = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  box.settings(text.join(''))
  machine.sh(`ip address add ${FOREIGN}/32 dev lo && ip address add ${MEMBER}/32 dev lo && nft -f -`, rules)
  // there are no rules of an appliance here, and each start of the agent would wait until they could not be loaded
  machine.sh('systemctl mask --runtime cyberalarm-rules.service')
  prepare(box)
  machine.sh('systemctl start cyberalarm-agent')
  const status = () => JSON.parse(machine.run([program, 'status', '--json']).out || '{}') as Status
  const answers = () => {
    const now = status()
    return now.running === true && now.version !== undefined ? now : undefined
  }
  const isUp = async (version?: string) => {
    const found = await until(answers, now => now !== undefined && (version === undefined || now.version === version), 60_000)
    if (found === undefined) throw new Error('no agent answers')
    return found
  }
  await isUp()
  machine.sh(`setpriv --reuid cyberalarm --regid cyberalarm --clear-groups ${program} enrol -`, `${await central.makeCode()}\n`)
  await until(answers, now => (now?.device ?? null) !== null, 30_000)
  const send = (rates: Rates): Sending => {
    const plan = { udp: 0, tcp: 0, packets: 0, from: FOREIGN, to: MEMBER, ...rates }
    const [command, ...words] = [...machine.network, 'env', '-u', 'NODE_OPTIONS', process.execPath, sender, JSON.stringify(plan)]
    const child: ChildProcess = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    let out = ''
    child.stdout?.on('data', chunk => (out += chunk))
    const closed = once(child, 'close')
    const end = async () => {
      child.stdin?.end()
      await closed
      return JSON.parse(out) as Sent
    }
    return { end }
  }
  return { ...box, central, status: answers, isUp, send }
}

export interface AtCentral {
  /** Refused connections, and packets, that the sender's gateways told. */
  readonly refused: number
  readonly packets: number
  /** Refused connections that are there more than once: each was sent once. */
  readonly twice: number
}

/** What central has, after it has ended. */
export async function eventsAt(folder: string): Promise<AtCentral> {
  const store = await startCentral({ folder })
  const count = z.coerce.number()
  try {
    const [row] = await store.read(
      z.object({ refused: count, packets: count, twice: count }),
      `SELECT coalesce(sum(count) FILTER (destination != '${MEMBER}'), 0) AS refused, coalesce(sum(count) FILTER (destination = '${MEMBER}'), 0) AS packets,
        (SELECT count(*) FROM (SELECT 1 FROM events WHERE destination != '${MEMBER}' GROUP BY source, destination, destination_port HAVING sum(count) > 1)) AS twice FROM events`,
    )
    return row
  } finally {
    await store.close()
  }
}
