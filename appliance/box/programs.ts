// The one table of the box's own programs. What only one of them needs is loaded by that one.
import type { Command } from '../../agent/lib/command-table.ts'
import type { Input, Output } from './console/terminal.ts'

export interface ProgramCall {
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly input: Input
  readonly output: Output
  print(text: string): void
}

export interface Program extends Command {
  /** Gives the exit code. */
  run(call: ProgramCall): Promise<number>
}

/** What all of them take. */
export const common = {
  root: { value: 'FOLDER', help: 'work below this folder: files, devices, and programs of the base, too', default: '/' },
} as const

export const programs: readonly Program[] = [
  {
    name: 'apply',
    summary: 'take up the settings of the member and have the box follow them',
    help: `Looks where settings can come from: the console's request, the partition CYBERALARM, the OVF environment (variable of the
guest, or CD), single variables of the guest. What changed since it was last seen replaces the settings as a whole; what has
faults is refused and reported with file and line, and the settings from before hold. Then it writes the agent's settings, the
network, the time servers and the host name, and tells services that run. A code for enrolment is put aside for
\`cyberalarm-box enrol\` and wiped where it came from.

Run as root, at each boot before the network.`,
    example: 'cyberalarm-box apply',
    options: {},
    exitCodes: { 0: 'done, even if settings of one place were refused' },
    run: async ({ root, print }) => (await import('./settings/apply.ts')).apply({ root, now: Date.now, print }),
  },
  {
    name: 'enrol',
    summary: 'trade the code of the member for an identity, however long it takes',
    help: `Reads the code from enrolment.code in $CREDENTIALS_DIRECTORY and asks central until it answers.`,
    example: 'cyberalarm-box enrol',
    options: {},
    exitCodes: {
      0: 'enrolled, or there was no code',
      4: 'the code is refused for good; it is of no more use',
      130: 'interrupted; the code may still be used',
    },
    run: async ({ root, environment, signal, print }) =>
      (await import('./enrol.ts')).enrolForever({ root, environment, signal, now: Date.now, random: Math.random, print }),
  },
  {
    name: 'console',
    summary: 'show how the box is, and set it up, on this terminal',
    help: 'Runs as a user without rights: reads what the other programs tell, and leaves requests for `apply` and `diagnostics`.',
    example: 'cyberalarm-box console',
    options: {},
    run: async ({ root, environment, signal, input, output }) =>
      (await import('./console/console.ts')).runConsole({ root, environment, signal, input, output }),
  },
  {
    name: 'diagnostics',
    summary: 'write one redacted file for the helpdesk to a USB stick',
    help: 'Waits a minute for a stick with a FAT file system, writes one file to it without mounting it, and reads it back. Run as root.',
    example: 'cyberalarm-box diagnostics',
    options: {},
    run: async ({ root, signal, print }) => (await import('./diagnostics/diagnostics.ts')).runDiagnostics({ root, signal, print }),
  },
]
