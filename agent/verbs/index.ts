// The one table of verbs. What only one verb needs is loaded by that verb: a person waits for the others.
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import type { Option, Options } from '../lib/command-table.ts'
import { withoutSecrets } from '../lib/redact.ts'
import { table } from '../lib/table.ts'
import { journalLog } from '../log.ts'
import { pathsBelow } from '../paths.ts'
import { readSettings } from '../settings/file.ts'
import { renderUnits } from '../settings/render-units.ts'
import { type SettingName, settingsTable } from '../settings/table.ts'
import { parseHandedOver } from '../sources/handed-over.ts'
import { version } from '../version.ts'
import type { Call, Verb } from './command.ts'
import { codeFrom } from './read-code.ts'
import { readStatus, statusText } from './status.ts'
import { who } from './who.ts'

/** Lets the compiler know which options a verb's `run` is given. */
const verb = <const O extends Options>(row: Verb<O>): Verb => row

export const verbs: readonly Verb[] = [
  verb({
    name: 'run',
    summary: 'run the agent: receive, parse and send',
    help: 'Runs the agent until SIGTERM; on SIGHUP it takes up changed settings. If systemd passes sockets (named udp, tcp, tls),\nthey are used instead of the addresses in the settings, so that ports below 1024 need no privileges.',
    example: 'cyberalarm run --root /srv/test-box',
    options: {},
    run: async call => {
      const { runAgent } = await import('../agent.ts')
      const { watchdogMs } = await import('../health/watchdog.ts')
      const handedOver = parseHandedOver(call.environment, process.pid)
      let onHangup: (() => void) | undefined
      let isMissed = false
      const hangUp = () => {
        isMissed = onHangup === undefined
        onHangup?.()
      }
      // a terminal that is closed ends what was started in it
      if (!isatty(0)) process.on('SIGHUP', hangUp)
      const listen = (listener: () => void) => {
        onHangup = listener
        if (isMissed) hangUp()
      }
      for (;;) {
        // settings that change from here on, before the agent listens for that, are taken up once it does
        onHangup = undefined
        isMissed = false
        const isToStartAgain = await runAgent(
          {
            paths: pathsBelow(call.root),
            settings: readSettings(call.root),
            changes: { read: () => readSettings(call.root), listen },
            log: journalLog,
            version,
            handedOver,
            watchdogMs: watchdogMs(call.environment, process.pid),
            quickMs: quickMsOf(call.environment.CYBERALARM_QUICK_SECONDS),
            ready: status => call.json && call.print(JSON.stringify(status)),
          },
          call.signal,
        )
        // sockets are closed once they were used: only systemd, which holds them, can hand them over again, and it starts what ends
        if (!isToStartAgain || Object.keys(handedOver).length > 0) return 0
      }
    },
  }),
  verb({
    name: 'enrol',
    formerOperands: 1,
    summary: 'enrol this box with a single-use code',
    help: 'Asks for the code, or reads it from standard input: what stands in a command line can be seen by other users of the machine.\nThen generates a key and gets a certificate from central. If the box was enrolled before, its old key is revoked. A running\nagent uses the new identity within a second.',
    example: 'cyberalarm enrol\ncyberalarm enrol < code.txt',
    options: {},
    run: async call => {
      const { enrol } = await import('../enrolment.ts')
      const code = await codeFrom(process.stdin, call.operands[0])
      const identity = await enrol(code, pathsBelow(call.root), readSettings(call.root))
      const until = identity.certificate.validToDate.toISOString()
      call.print(
        call.json
          ? JSON.stringify({ device: identity.stored.device, certificateUntil: until })
          : `enrolled as ${identity.stored.device}; certificate valid until ${until}, renewed automatically`,
      )
      return 0
    },
  }),
  verb({
    name: 'status',
    summary: 'show gateways, queue, last receipt and message counts',
    help: 'Asks the running agent. Lines starting with ! need attention. The counts account for every message:\nreceived = sent + merged + dropped + ignored + unreadable + waiting + spooled + shed.',
    example: 'cyberalarm status --watch',
    exitCodes: { 3: 'no agent is running; the output is read from disk' },
    options: { watch: { help: 'refresh every second until interrupted' } },
    run: showStatus,
  }),
  verb({
    name: 'explain',
    summary: 'show what would be done with messages from standard input',
    help: 'Reads messages, one a line, and prints for each whether it would be sent, dropped or ignored, or could not be parsed,\nwhich rule decided, and the event. Nothing is sent or stored.',
    example: 'tail -n 20 firewall.log | cyberalarm explain',
    options: { 'json-lines': { help: 'each input line is a JSON string, so that messages may contain line breaks' } },
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
    summary: 'show what would be done with the packets of a capture file',
    help: `Reads a capture file (pcap or pcapng, also compressed with gzip or zstd; - is standard input), prints for each packet
what \`cyberalarm explain\` prints for a message, and then a summary. Only headers are read, never the payload.
Nothing is sent or stored.

A packet does not tell whether it was allowed: use --action to say what the capture contains, for example packets that a
rule dropped. For packets logged by netfilter (tcpdump -i nflog:5) the log prefix of their rule decides, as in a running agent.`,
    example: 'tcpdump -i nflog:5 -U -w - | cyberalarm replay -\ncyberalarm replay --summary --action drop blocked.pcap.gz',
    exitCodes: { 3: 'the file ends in the middle of a packet', 130: 'interrupted' },
    options: {
      summary: { help: 'print the summary only' },
      action: { value: 'ACTION', help: 'what happened to the packets: allow, deny, drop, reject, ...' },
      pace: { help: 'replay at the original speed instead of as fast as possible' },
    },
    run: async call => {
      const { replayFile } = await import('./replay-file.ts')
      return replayFile(call, call.operands[0], call.values, readSettings(call.root))
    },
  }),
  verb({
    name: 'sent',
    summary: 'show everything that was sent, and verify the ledger',
    help: 'Reads the ledger: each event as it was sent, with internal addresses as pseudonyms (`cyberalarm who` turns them back),\nand the receipt of its batch. Entries that were changed after they were written are reported.',
    example: 'cyberalarm sent --since 2h',
    exitCodes: { 1: 'the ledger was changed after it was written, or cannot be read' },
    options: {
      since: { value: 'TIME', help: 'only entries since this time, 2026-11-20T12:00:00Z, or within this period, such as 2h or 7d' },
    },
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
    summary: 'show the internal address behind a pseudonym',
    help: 'Works only on the box that made the pseudonym: the key never leaves it.',
    example: 'cyberalarm who in-0123456789abcdef0123456789abcdef',
    options: {},
    run: async call => {
      const address = who(call.operands[0], pathsBelow(call.root), readSettings(call.root)['member.networks'])
      call.print(call.json ? JSON.stringify({ pseudonym: call.operands[0], address }) : address)
      return 0
    },
  }),
  verb({
    name: 'settings',
    summary: 'show every setting with its value, default and meaning',
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
    name: 'update',
    summary: 'look for a new release, and change to it when it is the turn of this box',
    help: `Asks central, verifies what the makers have signed, and prints the release that the channel of this box offers, and
whether the box may take it: its turn, a pause, your window (update.window) or pin (update.pin). If it may, an appliance
loads the release and changes to it; a release that turns out bad is taken back. A timer does this every hour.

Boxes get a release one after the other over days, so that a fault meets few of them first. --now does not wait for the
turn of this box or its window, and tries a release again that was taken back. It changes nothing about a pause of the
makers, update.pin, or what has to be signed. --from does the same with a file from the helpdesk, for a box that does not
reach central; such a file can be used for three days.

A Linux server is updated with its packages: there this only tells that a newer one is there.`,
    example: 'cyberalarm update --check\ncyberalarm update --from cyberalarm-update.tar',
    exitCodes: { 1: 'it could not be learnt or loaded; the box goes on with the release that it has' },
    options: {
      check: { help: 'only look; nothing is loaded' },
      offline: { help: 'with --check: only verify what was learnt before, without asking central' },
      now: { help: 'change now, not when it is the turn of this box' },
      from: { value: 'FILE', help: 'take the release from this file, not from central' },
      'if-due': { help: 'do nothing if it was looked within the hour and nothing is due (for the timer)' },
    },
    run: async call => {
      const { checkKept, update } = await import('./update.ts')
      const { check: isCheck, now: isNow, from, 'if-due': isIfDue } = call.values
      if (isCheck && call.values.offline) await checkKept(call, pathsBelow(call.root))
      else await update(call, pathsBelow(call.root), readSettings(call.root), { isCheck, isNow, from, isIfDue })
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
    if (call.values.watch && !call.json) call.clearScreen()
    call.print(text)
    if (!call.values.watch) return status.running ? 0 : 3
    await sleep(1000, undefined, { signal: call.signal }).catch(() => undefined) // an interruption is seen below
    if (call.signal.aborted) return 0
  }
}

function showSettings(call: Call): void {
  const values = readSettings(call.root)
  const names = Object.keys(settingsTable) as SettingName[]
  const textOf = (name: SettingName) => withoutSecrets([values[name]].flat().join(', '))
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

/** How long after its start an agent closes every batch soon; only tests set it. */
const quickMsOf = (seconds = ''): number | undefined => (/^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined)
