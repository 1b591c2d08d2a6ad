// The one table of verbs. What only one verb needs is loaded by that verb: a person waits for the others.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Option, Options } from '../lib/command-table.ts'
import { table } from '../lib/table.ts'
import { journalLog } from '../log.ts'
import { pathsBelow } from '../paths.ts'
import { readSettings } from '../settings/file.ts'
import { renderUnits } from '../settings/render-units.ts'
import { type SettingName, settingsTable } from '../settings/table.ts'
import { parseHandedOver } from '../sources/handed-over.ts'
import { version } from '../version.ts'
import type { Call, Verb } from './command.ts'
import { readCode } from './read-code.ts'
import { readStatus, statusText } from './status.ts'
import { who } from './who.ts'

/** Lets the compiler know which options a verb's `run` is given. */
const verb = <const O extends Options>(row: Verb<O>): Verb => row

export const verbs: readonly Verb[] = [
  verb({
    name: 'run',
    summary: 'listen, read, and send what is suspicious',
    help: 'Runs the agent until SIGTERM. Sockets handed over by systemd (names udp, tcp, tls) are used instead of the\naddresses in the settings, so that ports below 1024 need no privilege.',
    example: 'cyberalarm run --root /srv/test-box',
    options: {},
    run: async call => {
      const { runAgent } = await import('../agent.ts')
      const handedOver = parseHandedOver(call.environment, process.pid)
      await runAgent(
        {
          paths: pathsBelow(call.root),
          settings: readSettings(call.root),
          log: journalLog,
          version,
          handedOver,
          ready: status => call.json && call.print(JSON.stringify(status)),
        },
        call.signal,
      )
      return 0
    },
  }),
  verb({
    name: 'enrol',
    operands: ['CODE'],
    summary: 'make this box known to central with a single-use code',
    help: 'Makes a key, has central sign it, and keeps both. A box that was enrolled before is enrolled again: its old key is\nrevoked. A running agent takes the new identity up within a second. For CODE - it is read from standard input, where no\nother user of the machine can see it.',
    example: 'cyberalarm enrol 3M7A-XXXX-XXXX-XXXX-X\ncyberalarm enrol - < code.txt',
    options: {},
    run: async call => {
      const { enrol } = await import('../enrolment.ts')
      const [word] = call.operands
      const code = word === '-' ? await readCode(process.stdin) : word
      const identity = await enrol(code, pathsBelow(call.root), readSettings(call.root))
      const until = identity.certificate.validToDate.toISOString()
      call.print(
        call.json
          ? JSON.stringify({ device: identity.stored.device, certificateUntil: until })
          : `enrolled as ${identity.stored.device}; certificate until ${until}, renewed by itself`,
      )
      return 0
    },
  }),
  verb({
    name: 'status',
    summary: 'show gateways, queue, last receipt and the accounting',
    help: 'Asks the running agent. Lines starting with ! need attention. The accounting says where every message went:\nreceived = sent + merged + dropped + ignored + unreadable + waiting + spooled + shed.',
    example: 'cyberalarm status --watch',
    exitCodes: { 3: 'no agent is running; what is shown comes from the disk' },
    options: { watch: { help: 'show it again every second until interrupted' } },
    run: showStatus,
  }),
  verb({
    name: 'explain',
    summary: 'say what would be done with messages from standard input',
    help: 'Reads messages, one a line, and prints for each whether it would be sent, dropped, ignored or could not be read,\nwhich rule says so, and the event. Nothing is sent and nothing is kept.',
    example: 'tail -n 20 firewall.log | cyberalarm explain',
    options: { 'json-lines': { help: 'each input line is one JSON string, so that a message may hold line breaks' } },
    run: async call => {
      const { explain } = await import('./explain.ts')
      await explain(process.stdin, call.print, {
        settings: readSettings(call.root),
        json: call.json,
        jsonLines: call.values['json-lines'],
      })
      return 0
    },
  }),
  verb({
    name: 'replay',
    operands: ['FILE'],
    summary: 'say what would be done with the packets of a capture file',
    help: `Reads a capture (pcap or pcapng, as it is or packed with gzip or zstd; - is standard input) and prints for each packet
what \`cyberalarm explain\` prints for a message, then a summary. Only headers are looked at, never what packets carry;
nothing is sent, nothing is kept, and nothing leaves this box.

A packet does not say what became of it: --action says what the capture holds, for example packets that a rule dropped.
Packets that netfilter logged (tcpdump -i nflog:5) have the word of their rule's prefix, as in a running agent.`,
    example: 'tcpdump -i nflog:5 -U -w - | cyberalarm replay -\ncyberalarm replay --summary --action drop blocked.pcap.gz',
    exitCodes: { 3: 'the file ends in the middle of a packet', 130: 'interrupted' },
    options: {
      summary: { help: 'print the summary alone' },
      action: { value: 'ACTION', help: 'what became of the packets: allow, deny, drop, reject, ...' },
      pace: { help: 'take as long as the capture took, instead of as fast as it goes' },
    },
    run: async call => {
      const { replayFile } = await import('./replay-file.ts')
      return replayFile(call, call.operands[0], call.values, readSettings(call.root))
    },
  }),
  verb({
    name: 'sent',
    summary: 'show everything that left this box, and verify the record',
    help: 'Reads the ledger: each event as it left, with internal addresses as pseudonyms (`cyberalarm who` turns them back),\nand the receipt of its batch. A record that was changed after it was written is reported.',
    example: 'cyberalarm sent --since 2h',
    exitCodes: { 1: 'the record was changed after it was written, or reading it failed' },
    options: { since: { value: 'TIME', help: 'from this time on: 2026-11-20T12:00:00Z, or a span back such as 2h or 7d' } },
    run: async call => {
      const { parseSince, sent } = await import('./sent.ts')
      const since = call.values.since === undefined ? 0 : parseSince(call.values.since, Date.now())
      sent({ folder: pathsBelow(call.root).ledger, since, json: call.json, print: call.print })
      return 0
    },
  }),
  verb({
    name: 'who',
    operands: ['PSEUDONYM'],
    summary: 'turn a pseudonym of a report back into the internal address',
    help: 'Only this box can: the key never leaves it.',
    example: 'cyberalarm who in-0123456789abcdef0123456789abcdef',
    options: {},
    run: async call => {
      const address = who(call.operands[0], pathsBelow(call.root))
      call.print(call.json ? JSON.stringify({ pseudonym: call.operands[0], address }) : address)
      return 0
    },
  }),
  verb({
    name: 'settings',
    summary: 'explain every setting, with its value and default',
    help: 'Settings are `name = value` lines in etc/cyberalarm/cyberalarm.conf below the root. A line with # is a comment.',
    example: 'cyberalarm settings',
    options: { units: { help: 'print only what systemd has to know: sockets and groups that are not the default' } },
    run: async call => {
      if (call.values.units === true) call.print(renderUnits(readSettings(call.root)).trimEnd())
      else showSettings(call)
      return 0
    },
  }),
  verb({
    name: 'version',
    summary: 'print the version',
    help: 'Prints the version of the agent and of the Node.js that runs it.',
    example: 'cyberalarm version',
    options: {},
    run: async call => {
      call.print(call.json ? JSON.stringify({ version, node: process.version }) : `cyberalarm ${version} on Node.js ${process.version}`)
      return 0
    },
  }),
]

async function showStatus(call: Call<{ readonly watch: Option }>): Promise<number> {
  const paths = pathsBelow(call.root)
  for (;;) {
    const status = await readStatus(paths, readSettings(call.root), version)
    const text = call.json ? JSON.stringify(status) : statusText(status, Date.now())
    call.print(call.values.watch && !call.json ? `\u001b[2J\u001b[H${text}` : text)
    if (!call.values.watch) return status.running ? 0 : 3
    await sleep(1000, undefined, { signal: call.signal }).catch(() => undefined)
    if (call.signal.aborted) return 0
  }
}

function showSettings(call: Call): void {
  const values = readSettings(call.root)
  const names = Object.keys(settingsTable) as SettingName[]
  const textOf = (name: SettingName) => [values[name]].flat().join(', ')
  const rows = names.map(name => ({ name, value: textOf(name), default: settingsTable[name].default, help: settingsTable[name].help }))
  if (call.json) call.print(JSON.stringify(rows))
  else {
    call.print(`${pathsBelow(call.root).settings}\n`)
    call.print(
      table(
        ['setting', 'value', 'default', 'meaning'],
        rows.map(row => [row.name, row.value, row.default, row.help]),
      ),
    )
  }
}
