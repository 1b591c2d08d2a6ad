// What a verb is, and what it is called with.
import { Failure } from '../errors.ts'
import { parseCommandLine, type Request, UsageError } from '../lib/command-line.ts'
import type { Command, Options, Values } from '../lib/command-table.ts'

export interface Call<O extends Options = Options> {
  readonly values: Values<O>
  readonly operands: readonly string[]
  readonly root: string
  readonly json: boolean
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of lines, whose control characters are made visible. */
  print(text: string): void
  clearScreen(): void
}

export interface Verb<O extends Options = Options> extends Command<O> {
  /** Gives the exit code. */
  run(call: Call<O>): Promise<number>
}

const common = {
  root: { value: 'DIR', help: 'work below this folder (settings, data and sockets)', default: '/' },
  json: { help: 'print JSON instead of text' },
} as const

/** Failure 'argument-wrong' if it is no command line of ours. */
export function parseVerb(argv: readonly string[], verbs: readonly Verb[]): Request<Verb, typeof common> {
  const summary = 'Reads firewall logs and sends only metadata of suspicious activity to central.'
  try {
    return parseCommandLine(argv, { name: 'cyberalarm', summary, noun: 'verb', commands: verbs, common })
  } catch (error) {
    throw error instanceof UsageError ? new Failure('argument-wrong', error.message) : error
  }
}
