// The one table of the box's own programs. What only one of them needs is loaded by that one.
import type { Input, Output } from './console/terminal.ts'

export interface ProgramCall {
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly input: Input
  readonly output: Output
  print(text: string): void
}

export interface Program {
  readonly name: string
  readonly summary: string
  readonly help: string
  /** Gives the exit code. */
  run(call: ProgramCall): Promise<number>
}

export const programs: readonly Program[] = [
  {
    name: 'apply',
    summary: 'take up the settings of the member and have the box follow them',
    help: `Looks where settings can come from: the console's wish, the partition CYBERALARM, the OVF environment (variable of the
guest, or CD), single variables of the guest. What changed since it was last seen replaces the settings as a whole; what has
faults is refused and told with file and line, and the settings from before hold. Then it writes the agent's settings, the
network, the time servers and the host name, and tells services that run. A code for enrolment is put aside for
\`cyberalarm-box enrol\` and wiped where it came from.

Run as root, at each boot before the network. Exit code 0 also where a carrier was refused; 1 where something failed.`,
    run: async ({ root, print }) => (await import('./settings/apply.ts')).apply({ root, now: Date.now, print }),
  },
  {
    name: 'enrol',
    summary: 'trade the code of the member for an identity, however long it takes',
    help: `Reads the code from enrolment.code in $CREDENTIALS_DIRECTORY and asks central until it answers. Exit code 0: enrolled (or no
code), 4: the code is refused for good; in both cases it is of no more use. 130: ended before either.`,
    run: async ({ root, environment, signal, print }) =>
      (await import('./enrol.ts')).enrolForever({ root, environment, signal, now: Date.now, random: Math.random, print }),
  },
  {
    name: 'console',
    summary: 'show how the box is, and set it up, on this terminal',
    help: 'Runs as a user without rights: reads what the other programs tell, and leaves wishes for `apply` and `diagnostics`.',
    run: async ({ root, environment, signal, input, output }) =>
      (await import('./console/console.ts')).runConsole({ root, environment, signal, input, output }),
  },
  {
    name: 'diagnostics',
    summary: 'write one redacted file for the helpdesk to a USB stick',
    help: 'Waits a minute for a stick with a FAT file system, writes one file to it without mounting it, and reads it back. Run as root.',
    run: async ({ root, signal, print }) => (await import('./diagnostics/diagnostics.ts')).runDiagnostics({ root, signal, print }),
  },
]
