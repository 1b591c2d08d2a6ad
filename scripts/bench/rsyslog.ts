// rsyslogd as the peer: imudp, mmnormalize with a rule for each format, and the fields as JSON in a file.
// https://www.rsyslog.com/doc/configuration/modules/mmnormalize.html
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelLostDatagrams } from '../../agent/sources/syslog/kernel-losses.ts'
import { freePort, startDaemon } from './daemon.ts'
import { LineCounter } from './json-lines.ts'
import type { Running, Subject } from './subject.ts'

const rulebase = join(import.meta.dirname, 'rsyslog.rulebase')

/** What mmnormalize adds to a message that no rule fits. */
const UNREAD = '"unparsed-data"'

/**
 * The queue in front of the rules, for `tuned`: two workers with large batches, and a second thread that receives. Without
 * it rsyslog works as Debian ships it, but for a receive buffer as wide as the agent's.
 */
const tunings = {
  plain: { module: '', ruleset: '', input: '' },
  tuned: {
    module: ' threads="2" batchSize="256"',
    ruleset: ' queue.type="FixedArray" queue.size="250000" queue.dequeueBatchSize="2048" queue.workerThreads="2"',
    input: '',
  },
} as const

const configuration = (folder: string, port: number, { module, ruleset, input }: (typeof tunings)[keyof typeof tunings]): string => `
global(workDirectory="${folder}")
module(load="imudp"${module})
module(load="mmnormalize")
template(name="fields" type="list") { property(name="$!all-json-plain") constant(value="\\n") }
ruleset(name="bench"${ruleset}) {
  action(type="mmnormalize" ruleBase="${rulebase}" useRawMsg="on")
  action(type="omfile" file="${folder}/fields.json" template="fields")
}
input(type="imudp" address="127.0.0.1" port="${port}" ruleset="bench" rcvbufSize="16m"${input})
`

/** The version as the program tells it, or undefined if it is not there. */
export function rsyslogVersion(): string | undefined {
  try {
    return /rsyslogd\s+([\w.]+)/.exec(execFileSync('rsyslogd', ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1]
  } catch {
    return undefined // not installed: the report says what is missing
  }
}

export const rsyslog = (temporary: string, tuning: keyof typeof tunings = 'plain'): Subject => ({
  name: tuning === 'plain' ? 'rsyslogd' : 'rsyslogd, two workers',
  input: 'syslog',
  start: () => start(temporary, tuning),
})

async function start(temporary: string, tuning: keyof typeof tunings): Promise<Running> {
  const folder = mkdtempSync(join(temporary, 'rsyslog-'))
  const port = await freePort()
  writeFileSync(join(folder, 'rsyslog.conf'), configuration(folder, port, tunings[tuning]))
  const output = join(folder, 'fields.json')
  writeFileSync(output, '')
  const lost = () => kernelLostDatagrams(`127.0.0.1:${port}`)
  const words = ['rsyslogd', '-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')]
  const daemon = await startDaemon(words, () => existsSync(join(folder, 'pid')) && lost() !== null)
  const counter = new LineCounter(output, UNREAD)
  return {
    pid: Number(readFileSync(join(folder, 'pid'), 'utf8')),
    port,
    inside: [],
    count: async () => ({ received: counter.read(), lost: lost() ?? 0, pending: 0 }),
    flush: () => undefined,
    facts: async () => ({ read: counter.lines === 0 ? 0 : 1 - counter.marked / counter.lines }),
    stop: async () => {
      await daemon.stop()
      counter.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
