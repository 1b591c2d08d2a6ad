// What a verb is, and how a command line becomes one. --help of the program and of each verb come from the same table.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Failure } from '../errors.ts'

export type Values = Readonly<Record<string, string | boolean | undefined>>

export interface Call {
  readonly values: Values
  readonly positionals: readonly string[]
  readonly root: string
  readonly json: boolean
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
  print(text: string): void
}

interface Option {
  readonly type: 'string' | 'boolean'
  readonly help: string
}

export interface Verb {
  readonly name: string
  /** Names of the words that must follow, for example `CODE`. */
  readonly words: readonly string[]
  readonly summary: string
  readonly help: string
  readonly options: Readonly<Record<string, Option>>
  /** Gives the exit code. */
  run(call: Call): Promise<number>
}

const common: Readonly<Record<string, Option>> = {
  root: { type: 'string', help: 'work below this folder instead of / (settings, data and sockets)' },
  json: { type: 'boolean', help: 'print JSON instead of text' },
  help: { type: 'boolean', help: 'show this help' },
}

export function parseCommand<V extends Verb>(
  argv: readonly string[],
  verbs: readonly V[],
): { verb: Verb; values: Values; positionals: string[] } {
  const [name, ...rest] = argv
  const overview: Verb = { name: 'help', words: [], summary: '', help: '', options: {}, run: call => help(call, verbs) }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return { verb: overview, values: {}, positionals: rest }
  const verb = verbs.find(one => one.name === (name === '--version' ? 'version' : name))
  if (verb === undefined)
    throw new Failure('argument-wrong', `there is no verb '${name}'; there are ${verbs.map(one => one.name).join(', ')}`)
  const options = { ...common, ...verb.options }
  const config: ParseArgsOptionsConfig = Object.fromEntries(Object.entries(options).map(([key, option]) => [key, { type: option.type }]))
  try {
    const { values, positionals } = parseArgs({ args: rest, options: config, allowPositionals: true, strict: true })
    if (values.help === true) return { verb: { ...verb, run: async call => printVerb(call, verb, options) }, values: {}, positionals: [] }
    if (positionals.length !== verb.words.length)
      throw new Error(`cyberalarm ${verb.name} takes ${verb.words.length === 0 ? 'no further word' : verb.words.join(' ')}`)
    return { verb, values: values as Values, positionals }
  } catch (error) {
    throw new Failure('argument-wrong', error instanceof Error ? error.message : String(error))
  }
}

async function help(call: Call, verbs: readonly Verb[]): Promise<number> {
  call.print('cyberalarm reads firewall logs and sends only metadata of suspicious activity to central.\n')
  call.print('usage: cyberalarm VERB [options]\n')
  for (const verb of verbs) call.print(`  ${[verb.name, ...verb.words].join(' ').padEnd(16)} ${verb.summary}`)
  call.print('\n`cyberalarm VERB --help` explains a verb. All take --root DIR; all that print take --json.')
  return 0
}

function printVerb(call: Call, verb: Verb, options: Readonly<Record<string, Option>>): number {
  call.print(`usage: ${['cyberalarm', verb.name, ...verb.words].join(' ')} [options]\n\n${verb.help}\n`)
  for (const [name, option] of Object.entries(options))
    call.print(`  --${(option.type === 'string' ? `${name} ${name.toUpperCase()}` : name).padEnd(18)} ${option.help}`)
  return 0
}
