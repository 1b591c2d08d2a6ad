// The agent as a real process with an identity of its own. Central is either there, or was there once: a box that is
// enrolled and whose central is away does all its work up to the spool.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CentralProcess, startCentralProcess } from '../../agent/testing/central-process.ts'
import { type AgentProcess, cyberalarm, startAgent, sums, writeSettings } from '../../agent/testing/harness.ts'
import { GROUP, type PacketLog } from './packet-log.ts'
import type { Running, Subject } from './subject.ts'
import { rememberProcess } from './unfinished.ts'

/** Networks of the member in all messages that are sent. */
const NETWORKS = '198.51.100.0/24, 2001:db8:ff::/48'

export type Settings = Readonly<Record<string, string>>

/** A central with a folder of its own. */
export async function startCentral(temporary: string): Promise<CentralProcess> {
  const central = await startCentralProcess(mkdtempSync(join(temporary, 'central-')))
  central.child.once('close', rememberProcess(central.child.pid))
  return central
}

/** A box that is enrolled, as a folder that runs can be begun from; its central is ended. */
export async function makeBox(temporary: string): Promise<string> {
  const central = await startCentral(temporary)
  try {
    return await enrolBox(temporary, central)
  } finally {
    await central.kill()
  }
}

export async function enrolBox(temporary: string, central: CentralProcess, url = central.url): Promise<string> {
  const root = mkdtempSync(join(temporary, 'box-'))
  settle(root, { url, pins: central.pins }, {})
  const { code, error } = await cyberalarm(root, 'enrol', await central.makeCode())
  if (code !== 0) throw new Error(`the box was not enrolled: ${error}`)
  return root
}

function settle(root: string, central: { url: string; pins: readonly string[] } | undefined, more: Settings): void {
  writeSettings(root, central, { 'syslog.tcp': 'off', 'member.networks': NETWORKS, ...more })
}

/** A box of its own with the identity of `box`; `away` is a central that nobody listens at. */
export function copyBox(temporary: string, box: string, more: Settings = {}): string {
  const root = mkdtempSync(join(temporary, 'run-'))
  cpSync(box, root, { recursive: true, filter: source => !source.endsWith('.sock') })
  settle(root, { url: 'https://127.0.0.1:9', pins: ['sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='] }, more)
  return root
}

export interface RunningAgent extends Running {
  readonly agent: AgentProcess
}

/** Starts the agent on a folder; the folder goes when it is stopped. */
export async function runAgent(root: string, input: 'udp' | 'nflog', packetLog?: PacketLog, checkout?: string): Promise<RunningAgent> {
  const agent = await startAgent(root, {
    isRelease: true,
    ...(checkout === undefined ? {} : { checkout }),
    ...(packetLog === undefined ? {} : { inside: packetLog.inside }),
  })
  agent.child.once('close', rememberProcess(agent.child.pid))
  const row = async () => (await agent.status()).accounting.find(one => one.input === input)
  return {
    agent,
    pid: agent.child.pid ?? 0,
    port: input === 'udp' ? agent.udpPort : 0,
    inside: packetLog?.inside ?? [],
    count: async () => {
      const counts = await row()
      return { received: counts?.received ?? 0, lost: counts?.kernelLost ?? 0, pending: counts?.waiting ?? 0 }
    },
    flush: () => undefined,
    facts: async () => {
      const status = await agent.status()
      const { received, unreadable, unaccounted, shed, sent, spooled, merged } = sums(status)
      return { read: received === 0 ? 0 : 1 - unreadable / received, unaccounted, shed, rows: sent + spooled + shed, merged }
    },
    stop: async () => {
      await agent.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

export const agentOnSyslog = (temporary: string, box: string): Subject => ({
  name: 'agent',
  input: 'syslog',
  isSlowToWarm: true,
  start: () => runAgent(copyBox(temporary, box), 'udp'),
})

/** The release of another checkout, on both inputs: measured in turn with this one's. */
export const AGAINST = 'the other checkout'
export const agentsOf = (checkout: string, temporary: string, box: string, packetLog: PacketLog | undefined): Subject[] => [
  { name: AGAINST, input: 'syslog', isSlowToWarm: true, start: () => runAgent(copyBox(temporary, box), 'udp', undefined, checkout) },
  ...(packetLog === undefined
    ? []
    : [
        {
          name: AGAINST,
          input: 'nflog',
          isSlowToWarm: true,
          start: () => runAgent(copyBox(temporary, box, nflogOnly), 'nflog', packetLog, checkout),
        } as const,
      ]),
]
const nflogOnly: Settings = { 'syslog.udp': 'off', 'nflog.groups': String(GROUP) }

export const agentBehindRelay = (temporary: string, box: string): Subject => ({
  ...agentOnSyslog(temporary, box),
  name: 'agent behind a relay',
  isRelayed: true,
})

export const agentOnNflog = (temporary: string, box: string, packetLog: PacketLog): Subject => ({
  name: 'agent',
  input: 'nflog',
  isSlowToWarm: true,
  start: () => runAgent(copyBox(temporary, box, nflogOnly), 'nflog', packetLog),
})
