// Looks at the agent that runs, from outside: systemd, /proc, the checkpoint of its ledger, free space, and its status socket.
import { readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askStatus } from '../../../agent/health/status-socket.ts'
import { inputNames, sum, unaccounted } from '../../../agent/ledger/accounting.ts'
import { readCheckpoint } from '../../../agent/ledger/checkpoint.ts'
import { isErrorWithCode } from '../../../agent/lib/durable-file.ts'
import { pathsBelow } from '../../../agent/paths.ts'
import { type RunTool, toolsBelow } from '../tools.ts'
import { type Kept, type Said, type Sample, saidSchema } from './facts.ts'
import { anonymousBytes, processorSeconds, startedAtMs, udpPort } from './kernel-facts.ts'

const UNIT = 'cyberalarm-agent.service'
/** An agent that does not answer must not keep us from looking at the rest. */
const ANSWER_MS = 2000
const DISK_FULL_BYTES = 64 * 1024

export class Observer {
  private readonly root: string
  private readonly port: number | undefined
  private readonly run: RunTool

  /** `port`: the box's UDP port, if it has one. */
  constructor(root: string, port?: number) {
    this.root = root
    this.port = port
    this.run = toolsBelow(root)
  }

  async sample(): Promise<Sample> {
    const [unit, said] = await Promise.all([this.unit(), this.said()])
    const own = unit.pid === 0 ? undefined : this.readProc(`${unit.pid}/stat`)
    const status = unit.pid === 0 ? undefined : this.readProc(`${unit.pid}/status`)
    const tables = this.port === undefined ? [] : [this.readProc('self/net/udp') ?? '', this.readProc('self/net/udp6') ?? '']
    return {
      atMs: performance.now(),
      ...unit,
      anonymousBytes: status === undefined ? undefined : anonymousBytes(status),
      processorSeconds: own === undefined ? undefined : processorSeconds(own),
      udp: this.port === undefined ? undefined : udpPort(tables, this.port),
      ledger: this.ledger(),
      isDiskFull: this.isDiskFull(),
      said,
    }
  }

  /** How long it took from the start of its process to the agent's; 0 if that cannot be told. */
  startMs({ pid, said }: Pick<Sample, 'pid' | 'said'>): number {
    const began = startedAtMs(this.readProc('stat') ?? '', this.readProc(`${pid}/stat`) ?? '')
    const listening = Date.parse(said?.startedAt ?? '')
    return began === undefined || Number.isNaN(listening) ? 0 : Math.max(0, listening - began)
  }

  private async unit(): Promise<Pick<Sample, 'state' | 'pid' | 'restarts'>> {
    const done = await this.run('systemctl', ['show', '-p', 'ActiveState,MainPID,NRestarts', UNIT])
    const text = done.kind === 'done' ? done.out.toString() : ''
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
    return { state: value('ActiveState'), pid: Number(value('MainPID')) || 0, restarts: Number(value('NRestarts')) || 0 }
  }

  async said(): Promise<Said | undefined> {
    const late = sleep(ANSWER_MS, undefined, { ref: false })
    const asked = askStatus(pathsBelow(this.root).statusSocket).catch(() => undefined) // no answer is what a broken one gives
    return saidSchema.safeParse(await Promise.race([asked, late])).data
  }

  private ledger(): Kept | undefined {
    const slot = readCheckpoint(pathsBelow(this.root).ledger, () => undefined)
    if (slot === undefined) return undefined
    const counts = inputNames.map(name => slot.state.totals[name])
    return {
      generation: slot.generation,
      received: sum(counts.map(({ received }) => received)),
      unaccounted: sum(counts.map(unaccounted)),
      sequence: slot.state.sequence,
      receipted: slot.state.receipted,
    }
  }

  private isDiskFull(): boolean {
    const { bavail, bsize } = statfsSync(pathsBelow(this.root).data)
    return bavail * bsize < DISK_FULL_BYTES
  }

  /** Undefined of a process that is gone. */
  private readProc(name: string): string | undefined {
    try {
      return readFileSync(join(this.root, 'proc', name), 'utf8')
    } catch (error) {
      if (isErrorWithCode(error, 'ENOENT', 'ESRCH')) return undefined
      throw error
    }
  }
}
