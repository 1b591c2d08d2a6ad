// Everything that can go wrong and that a person may have to act on, as one table: a code that never changes its
// meaning, and what to do. The detail names the setting or file and the value; the advice names the next step.
import { isErrorWithCode } from './lib/durable-file.ts'

export const advice = {
  'argument-wrong': 'Run the command with --help to see what it accepts.',
  'settings-wrong': 'Correct these lines in the settings file. `cyberalarm settings` explains every setting.',
  'settings-unknown': 'Nothing to do: the box wrote them before it went back to this release. They are in use again after the next update.',
  'settings-unreadable': 'Make the settings file readable for the user that runs the agent, or choose another folder with --root.',
  'code-wrong': 'Check the enrolment code for typing errors and enter it again. Its last character is a check character.',
  'code-refused': 'The code is unknown, used or expired. Ask for a new one.',
  'code-not-wiped': 'The code was used and is worth nothing now. Remove it all the same, so that nobody takes it for a fresh one.',
  'data-lost': 'Restart; if this persists, replace the disk.',
  'not-enrolled': 'Enrol this box with `cyberalarm enrol`; it asks for the code.',
  'identity-damaged': 'Enrol again with a new code. Nothing else is lost.',
  'identity-refused':
    'Enrol again with a new code. Batches that are queued are sent then, unless central has lost what it knew of this box: then they are counted as shed.',
  'certificate-expired': 'Check the clock of this box. If it is right, enrol again with a new code.',
  'central-not-set': 'Set central.url and central.pins in the settings file. Images that are built for a central contain both.',
  'central-unreachable':
    'Allow this box to reach central on TCP port 443, directly or through the proxy in uplink.proxy. Batches are queued until then.',
  'central-not-trusted':
    'The server that answered has none of the keys in central.pins. Nothing was sent to it. If a proxy or firewall inspects TLS, exempt central from inspection; do not change central.pins.',
  'central-certificate-expired': 'Check the date and time of this box first. If they are right, call the helpdesk.',
  'central-refused': 'If this persists, call the helpdesk and quote the code that central gave.',
  'history-differs':
    'This box or central was restored from a snapshot or backup. Enrol again with a new code: what waits and all new events are then sent, and what can no longer be sent is counted as shed.',
  'central-busy': 'Nothing to do: the box tries again by itself.',
  'receipt-wrong':
    'The receipt is not signed by central for this batch. The batch stays in the queue. If this persists, call the helpdesk.',
  'receipt-missing':
    'See what else is said about central. If nothing is, or if it lasts for hours, call the helpdesk: batches are kept until the queue is full.',
  'proxy-refused': 'Check the address and the password in uplink.proxy, and that the proxy allows CONNECT to central on port 443.',
  'disk-full': 'Free space on the disk with the data folder. Until then events are kept in memory; what does not fit is counted as shed.',
  'disk-failed': 'Check the owner and permissions of the data folder, and the health of the disk.',
  'ledger-damaged': 'The file was changed after it was written. Keep a copy of it for the helpdesk.',
  'ledger-set-aside': 'Keep a copy of this file for the helpdesk. The box goes on with a new one.',
  'file-restored': 'Nothing to do: the second copy of the file was whole. If this happens again, replace the disk.',
  'file-lost':
    'Both copies of the file were damaged: replace the disk. The damaged ones are kept beside it, as x.damaged, for the helpdesk.',
  'spool-damaged': 'What these files held is counted as shed, and central is told. If this happens again, replace the disk.',
  'ledger-torn': 'Nothing to do: this is what a power cut leaves behind.',
  'kernel-lost': 'Give the machine more CPU, or let fewer firewalls log to it.',
  'messages-refused': 'Check the syslog settings of the firewalls: framing over TCP and TLS, and the longest message.',
  'queue-old': 'See what is said about central. Batches are kept until the queue is full.',
  'queue-filling': 'See what is said about central. More room: spool.quotaMiB.',
  'queue-shed': 'See what is said about central, disk and queue: these events are lost, and central is told.',
  'disk-low': 'Give the box a larger disk and restart it, or remove what else lies on the disk.',
  'disk-errors': 'The disk fails: replace it. Enrol the new one with a new code.',
  'memory-low': 'Give the machine more memory.',
  'memory-pressure': 'Give the machine more memory, or move other work away.',
  'memory-exhausted': 'Give the machine more memory. If it has 1 GiB or more, call the helpdesk.',
  'temperature-high': 'Check fans and air flow of the hardware.',
  'clock-off': 'Check the time servers (NTP, UDP port 123) of this box, and the clock of its host.',
  'certificate-ends': 'The box renews it by itself once it reaches central. If nothing is wrong with central, enrol again with a new code.',
  'tls-certificate-ends': 'Replace the files in syslog.tls.certificate and syslog.tls.key, and restart the agent.',
  'update-check-old': 'Check the way to central, and the date and time of this box.',
  'release-factory-only': 'Nothing to do now. If updates fail again, call the helpdesk.',
  'release-old': 'See what is said about updates, and whether update.pin holds the box back.',
  'check-of-newer-release': 'Look at the box itself, or update this program.',
  'agent-stalled':
    'The machine has too little CPU, or its disk is slow. Give it more, or move other work away. If this persists, tell the helpdesk.',
  'data-path-cut': 'systemd restarts the agent by itself. If this comes again, send the diagnostics to the helpdesk: what it read is kept.',
  'data-path-unproven':
    'Allow traffic from this machine to itself (loopback) on the syslog port if a firewall on this machine forbids it. If none does, restart the agent; if that does not help, call the helpdesk.',
  'disk-stuck': 'Check the health of the disk: it takes no data and reports no error. systemd restarts the agent by itself.',
  'watchdog-restarted':
    'Nothing to do if this stays the only time: the agent works again. If it comes again, send the diagnostics to the helpdesk.',
  'stopped-uncleanly': 'Find out why the agent was killed: power cut, reset, or out of memory. Nothing to do if you know.',
  'clock-jumped': 'Check the time synchronisation (NTP) of this box.',
  'listen-failed':
    'Check which other program uses this address and port (`ss -lnp`), or change the syslog setting. Ports below 1024 need a socket from systemd.',
  'nflog-failed':
    'The agent needs the socket that open-nflog hands over through systemd (see its journal), or CAP_NET_ADMIN, and a group that no other program such as ulogd uses.',
  'native-missing':
    'Build it with scripts/build-addon.sh (this needs a C compiler), or install the package for this processor. Everything else works without it.',
  'certificate-unreadable':
    'Make the PEM files in syslog.tls.certificate and syslog.tls.key readable for the agent, and check that they belong together.',
  'gateway-silent':
    'Check that this firewall still logs to this box: its log settings, the network between them, and whether it is switched on.',
  'gateway-unread':
    'Check its log format on the page of its product. If it is right, send the diagnostics to the helpdesk: they hold the form of its messages.',
  'gateway-clock': 'Check the time, the time zone and the time servers (NTP) of this firewall.',
  'gateway-new': 'Nothing to do if you added a firewall.',
  'gateways-too-many':
    'Let only your firewalls reach the syslog ports of this box. Senders that fall silent give their numbers back by themselves.',
  'sources-forgotten': 'If this persists, tell the helpdesk: some allowed connections from blocked sources may be missed.',
  'connections-refused':
    'Let only your firewalls reach the syslog ports of this box, and have each keep one connection: there is room for as many as syslog.connections says, and for 64 of one address.',
  'reading-failed': 'This is a bug in CyberAlarm. Please report it to the helpdesk with the output of `cyberalarm status --json`.',
  'accounting-wrong': 'This is a bug in CyberAlarm. Please report it to the helpdesk with the output of `cyberalarm status --json`.',
  'agent-running': 'Stop the running agent first, or choose another data folder with --root.',
  'agent-starting': 'The agent reads its queue from the disk first. Try again in a minute.',
  'agent-not-running':
    'Start the agent with `systemctl start cyberalarm-agent` or `cyberalarm run`. The numbers below were read from the disk.',
  'agent-differs': 'The running agent is of another version than this command. Restart it with `systemctl restart cyberalarm-agent`.',
  'pseudonym-wrong': 'A pseudonym is `in-` and 32 hexadecimal digits, as in reports and in `cyberalarm sent`.',
  'pseudonym-foreign': 'This box did not make this pseudonym, or its key was replaced since.',
  'capture-unreadable':
    'Give a capture file of tcpdump, dumpcap or Wireshark (pcap or pcapng, also packed with gzip or zstd), or - for standard input.',
  'capture-damaged': 'The counts up to this point are right; the rest cannot be read. Copy the file again, or capture again.',
  'batch-malformed': 'The bytes are not a batch of a version this program knows.',
  'update-not-set-up':
    'This installation came without a root of trust for updates. Linux servers are updated with apt or dnf; for an appliance, ask the helpdesk for a current image.',
  'update-none': 'Nothing to do: this central offers no updates, or none on this channel. Check update.channel if you changed it.',
  'update-refused':
    'Nothing was changed. What central offers is not signed as it has to be, or older than what this box has seen. If this persists, call the helpdesk.',
  'update-expired':
    'Check the date and time of this box. If they are right, call the helpdesk: the signatures of the updates were not renewed. Nothing was changed.',
  'update-too-slow': 'Nothing to do: the box tries again by itself. If this persists, check the connection to the internet.',
  'update-damaged': 'Nothing was changed, and the box loads the file anew. If this persists, call the helpdesk.',
  'update-no-room': 'Free space on the disk with the data folder. Until then the box goes on with the release that it has.',
  'update-by-package':
    'Update the package cyberalarm: on Debian and Ubuntu `apt update && apt install cyberalarm`, on Red Hat and its like `dnf upgrade cyberalarm`, or run the installer again.',
  'update-available':
    'Update the package cyberalarm: on Debian and Ubuntu `apt update && apt install cyberalarm`, on Red Hat and its like `dnf upgrade cyberalarm`, or run the installer again.',
  'update-taken-back':
    'Nothing to do: the box goes on with the release that it had. If this happens with the next release too, call the helpdesk.',
  'update-running': 'Nothing to do: wait until the other one has ended. The status of this box shows how far it is.',
  'update-file-missing': 'Check the name of the file, and that the user who runs the command may read it.',
  'update-file-wrong': 'Get the file again from the helpdesk. Nothing was changed.',
  unexpected: 'This is probably a bug in CyberAlarm. If it persists, report it to the helpdesk.',
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

/** A failure as data: what status, console, diagnostics and tests hand on and tell apart by its code. */
export interface Fault {
  readonly code: FailureCode
  readonly detail: string
  readonly advice: string
}

export const fault = (code: FailureCode, detail: string): Fault => ({ code, detail, advice: advice[code] })

/** `detail` is the message of the error, whatever it is. */
export const faultOf = (error: unknown): Fault =>
  fault(error instanceof Failure ? error.code : 'unexpected', error instanceof Error ? error.message : String(error))

/** An error of the file system as a Failure with the path; a Failure stays what it is. */
export function asDiskFailure(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error
  const isFull = isErrorWithCode(error, 'ENOSPC', 'EDQUOT')
  return new Failure(isFull ? 'disk-full' : 'disk-failed', `cannot write ${path}: ${error instanceof Error ? error.message : error}`, error)
}

/** For terminal and journal only: what happened, then what to do. Nothing reads it again. */
export function describe(error: unknown): string {
  if (error instanceof Failure) return `${error.message} [${error.code}]\n  ${error.advice}`
  return error instanceof Error ? error.message : String(error)
}

/** Ends a switch over a closed union: the compiler says when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`no case for ${String(value)}`)
}
