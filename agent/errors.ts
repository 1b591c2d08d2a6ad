// Everything that can go wrong and that a person may have to act on, as one table: a code that never changes its
// meaning, and what to do. The detail of a Failure names the setting or file and the value; the advice names the next step.

export const advice = {
  'argument-wrong': 'Run the same command with --help: it lists the words it takes.',
  'settings-wrong': 'Correct the lines named above in the settings file; `cyberalarm settings` explains each setting.',
  'settings-unreadable': 'Make the settings file readable for the user that runs the agent, or name another with --root.',
  'code-wrong': 'Type the enrolment code again exactly as it was given: the last character checks the others.',
  'code-refused': 'The code is spent, expired or unknown to central. Ask for a fresh one.',
  'not-enrolled': 'Enrol this box with `cyberalarm enrol CODE`.',
  'identity-damaged': 'The identity file cannot be read. Enrol again with a fresh code: nothing else is lost.',
  'central-not-set': 'Set central.url and central.pins (the image brings them; a software install names them once).',
  'central-unreachable':
    'Check that this box may open port 443 to central, directly or through the proxy in uplink.proxy. Batches wait in the spool.',
  'central-not-trusted':
    'What answered is not the central this box was made for. Nothing was sent to it. Look for a proxy that opens TLS and exempt central from it; never change the pin to make this go away.',
  'central-certificate-expired':
    'The certificate of central is not valid at the time this box believes it is. Check the clock of this box first.',
  'central-refused':
    'Central understood the request and refused it; the code it gave says why. If it lasts, call the helpdesk with that code.',
  'history-differs':
    'This box and central disagree about what was sent before: one of them was set back to an older state (a snapshot, a backup). Enrol again with a fresh code: new events then go through, and what cannot be sent any more is counted as shed.',
  'central-busy': 'Central asked to wait. The box comes back by itself.',
  'receipt-wrong':
    'The receipt does not carry the signature of central for this batch. The batch stays in the spool. If it lasts, call the helpdesk.',
  'proxy-refused': 'The proxy in uplink.proxy did not open a tunnel. Check its address and that it allows CONNECT to central on 443.',
  'disk-full': 'Free space on the disk that holds the data folder. Events are kept in memory while there is room, then shed and counted.',
  'disk-failed': 'The data folder cannot be written. Check its owner and the health of the disk.',
  'ledger-damaged':
    'An entry of the ledger does not fit the one before it: the file was changed after it was written. Keep a copy for the helpdesk.',
  'listen-failed':
    'Another program holds this address, or the agent may not open it. Change the syslog setting, or let systemd hand the socket over.',
  'nflog-failed':
    'Listening to packets that the kernel logs takes a socket from systemd (open-nflog makes it, and its reason is in the journal) or CAP_NET_ADMIN, and a group that no other program, such as ulogd, listens to.',
  'native-missing':
    'Build it with scripts/build-addon.sh (it takes a C compiler), or install the package for this processor. Everything else works meanwhile.',
  'certificate-unreadable':
    'The PEM files of syslog.tls.certificate and syslog.tls.key must be readable for the agent and belong together.',
  'agent-running': 'One agent is already running on this data folder. Stop it first, or name another folder with --root.',
  'agent-starting': 'It reads what waits on the disk first. Ask again in a minute.',
  'agent-not-running': 'Start the agent (`systemctl start cyberalarm-agent` or `cyberalarm run`); what is shown comes from the disk.',
  'pseudonym-wrong': 'A pseudonym looks like `in-` and 32 hexadecimal digits, as in reports and in `cyberalarm sent`.',
  'pseudonym-foreign': 'This pseudonym was not made by this box, or its key was replaced since.',
  'capture-unreadable':
    'Name a capture file of tcpdump, dumpcap or Wireshark (pcap or pcapng; gzip and zstd are read too), or - for standard input.',
  'capture-damaged': 'What was counted up to there holds; nothing behind it can be found. Copy the file again, or capture again.',
  'batch-malformed': 'The bytes are not a batch of a version this program knows.',
} as const

export type FailureCode = keyof typeof advice

export class Failure extends Error {
  readonly code: FailureCode
  constructor(code: FailureCode, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause })
    this.code = code
  }
  get advice(): string {
    return advice[this.code]
  }
}

/** One line for people: what happened, then what to do. */
export function describe(error: unknown): string {
  if (error instanceof Failure) return `${error.message} [${error.code}]\n  ${error.advice}`
  return error instanceof Error ? error.message : String(error)
}

/** Ends a switch over a closed union: the compiler says when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`no case for ${String(value)}`)
}
