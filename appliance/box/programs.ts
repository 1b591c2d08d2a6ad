// The one table of the box's own programs. What only one of them needs is loaded by that one.
import type { Command } from '../../agent/lib/command-table.ts'
import type { Input, Output } from './console/terminal.ts'

export interface ProgramCall {
  readonly root: string
  readonly operands: readonly string[]
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
  root: { value: 'FOLDER', help: 'use this folder as root, for files, devices and system programs', default: '/' },
} as const

export const programs: readonly Program[] = [
  {
    name: 'apply',
    summary: 'apply the settings',
    help: `Reads the settings sources: the console's request, the partition CYBERALARM, the OVF environment (guest variable or CD),
and single guest variables. A source that has changed since it was last read replaces all settings. A source with errors is
refused, the errors are reported with file and line, and the previous settings stay in use. It then writes the settings of the
agent, the network, the time servers and the host name, and reloads running services. An enrolment code is stored for
\`cyberalarm-box enrol\` and wiped from its source.

Run as root, at each boot before the network.`,
    example: 'cyberalarm-box apply',
    options: {},
    exitCodes: { 0: 'done, even if one source was refused' },
    run: async ({ root, print }) => (await import('./settings/apply.ts')).apply({ root, now: Date.now, print }),
  },
  {
    name: 'enrol',
    summary: 'enrol with the code from the settings, retrying until central answers',
    help: `Reads the code from enrolment.code in $CREDENTIALS_DIRECTORY and retries until central answers.`,
    example: 'cyberalarm-box enrol',
    options: {},
    exitCodes: {
      0: 'enrolled, or there was no code',
      4: 'central refused the code for good; it cannot be used again',
      130: 'interrupted; the code may still be valid',
    },
    run: async ({ root, environment, signal, print }) =>
      (await import('./enrol.ts')).enrolForever({ root, environment, signal, now: Date.now, random: Math.random, print }),
  },
  {
    name: 'console',
    summary: 'run the console on this terminal',
    help: 'Runs without privileges: shows the status that other programs write, and leaves requests for `apply` and `diagnostics`.',
    example: 'cyberalarm-box console',
    options: {},
    run: async ({ root, environment, signal, input, output }) =>
      (await import('./console/console.ts')).runConsole({ root, environment, signal, input, output }),
  },
  {
    name: 'diagnostics',
    summary: 'write a redacted diagnostics file to a USB stick',
    help: 'Waits up to a minute for a USB stick with a FAT file system, writes one file to it without mounting it, and reads it back.\nRun as root.',
    example: 'cyberalarm-box diagnostics',
    options: {},
    run: async ({ root, signal, print }) => (await import('./diagnostics/diagnostics.ts')).runDiagnostics({ root, signal, print }),
  },
  {
    name: 'update-usb',
    summary: 'take the file of an update from a USB stick',
    help: 'Waits up to a minute for a USB stick with a FAT file system, and copies cyberalarm-update.tar from it without mounting it.\nThe updater verifies the file and does the rest. Run as root.',
    example: 'cyberalarm-box update-usb',
    options: {},
    run: async ({ root, signal, print }) => (await import('./updates/update-from-stick.ts')).updateFromStick({ root, signal, print }),
  },
  {
    name: 'network',
    summary: 'write down what this system has of the network',
    help: `Counts network cards and default routes, asks central for an answer, and writes the result to /run/cyberalarm-network/facts.
After an OS update the new system must have all that the old one had, or the update is reverted.`,
    example: 'cyberalarm-box network',
    options: {},
    run: async ({ root, signal, print }) => (await import('./network/network-facts.ts')).tellNetwork({ root, signal, print }),
  },
  {
    name: 'judge',
    operands: ['STAGE'],
    summary: 'judge a new release of the agent by what the one before was like',
    help: `STAGE is \`baseline\` (measure the release that runs, just before another takes over), \`first\` (watch the new one for a minute)
or \`later\` (look at it once more, every five minutes of its first day). The verdict is written to /run/cyberalarm-release/verdict:
\`good\`, \`trial\`, or why the release has to be left.`,
    example: 'cyberalarm-box judge first',
    options: {},
    run: async ({ root, operands, environment, signal, print }) =>
      (await import('./probation/judge.ts')).judge(operands[0], { root, environment, signal, print }),
  },
]
