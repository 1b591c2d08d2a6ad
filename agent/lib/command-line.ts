// One command line of a program with commands in a table: `program COMMAND [options] [OPERANDS]`, or of a program that is
// one command. Help, defaults and faults come from the same rows. Terms and form: POSIX.1-2024, Utility Conventions
// (chapter 12), and the GNU long options --help and --version. It prints nothing and ends nothing: that is main's.
import { parseArgs } from 'node:util'
import { commandHelp, overview } from './command-help.ts'
import type { Command, Options, Program, Values } from './command-table.ts'
import { nearest } from './nearest.ts'

export interface Arguments<O extends Options> {
  readonly kind: 'run'
  readonly values: Values<O>
  readonly operands: readonly string[]
}
export interface HelpText {
  readonly kind: 'help'
  readonly text: string
}
export type Request<C extends Command, O extends Options> =
  | HelpText
  | (Arguments<Options> & { readonly command: C; readonly common: Values<O> })

/** The command line is wrong. Programs end with exit code 2, as the shell itself does. */
export class UsageError extends Error {}

/** Throws UsageError. */
export function parseCommandLine<C extends Command, O extends Options>(argv: readonly string[], program: Program<C, O>): Request<C, O> {
  const [word, ...rest] = argv
  if (word === undefined || isHelp(word)) {
    const about = rest[0] === undefined ? undefined : findCommand(rest[0], program)
    return { kind: 'help', text: about === undefined ? overview(program) : helpOf(about, program) }
  }
  const command = findCommand(word === '--version' ? 'version' : word, program)
  const parsed = parseArguments(rest, `${program.name} ${command.name}`, withCommon(command, program))
  if (parsed.kind === 'help') return parsed
  const common = Object.fromEntries(Object.keys(program.common).map(name => [name, parsed.values[name]]))
  return { ...parsed, command, common: common as Values<O> }
}

/** The arguments of one command, which is typed as `typed`. Throws UsageError. */
export function parseArguments<O extends Options>(
  args: readonly string[],
  typed: string,
  command: Omit<Command<O>, 'name' | 'summary'>,
): HelpText | Arguments<O> {
  const config = Object.fromEntries(Object.entries(command.options).map(([name, { value }]) => [name, { type: typeOf(value) }]))
  // not strict: Node.js would throw sentences of its own
  const { tokens, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: false, tokens: true })
  const given = tokens.filter(token => token.kind === 'option')
  if (given.some(({ rawName }) => rawName === '--help' || rawName === '-h')) return { kind: 'help', text: commandHelp(typed, command) }
  const values: Record<string, string | boolean | undefined> = {}
  for (const [name, option] of Object.entries(command.options)) values[name] = option.value === undefined ? false : option.default
  for (const option of given) values[option.name] = argumentOf(option, command.options)
  for (const [name, { required, value }] of Object.entries(command.options))
    if (required && (values[name] ?? '') === '') throw new UsageError(`--${name} is missing: ${typed} --${name} ${value}`)
  countOperands(positionals, typed, command.operands ?? [], command.formerOperands ?? 0)
  return { kind: 'run', values: values as Values<O>, operands: positionals }
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function argumentOf({ name, rawName, value, inlineValue }: OptionToken, options: Options): string | true {
  if (!rawName.startsWith('--') || !Object.hasOwn(options, name))
    throw new UsageError(`there is no option '${rawName}'${didYouMean(name, Object.keys(options), '--')}`)
  const { value: placeholder } = options[name]
  if (placeholder === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    return true
  }
  // what begins with a hyphen is the next option, unless an equals sign joins it
  if (value === undefined || (!inlineValue && /^-./.test(value))) throw new UsageError(`--${name} needs a value: --${name} ${placeholder}`)
  return value
}

function countOperands(given: readonly string[], typed: string, names: readonly string[], former: number): void {
  if (given.length < names.length) throw new UsageError(`${typed} needs ${names.slice(given.length).join(' and ')}`)
  if (given.length > names.length + former)
    throw new UsageError(
      `${typed} takes ${names.length === 0 ? 'no operand' : names.join(' ')}; '${given[names.length + former]}' is one too many`,
    )
}

/** A whole number in bounds, as an option's value. Throws UsageError. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new UsageError(`--${option} is a whole number from ${least} to ${most}, not '${text}'`)
  return value
}

const isHelp = (word: string): boolean => ['help', '--help', '-h'].includes(word)
const typeOf = (value: string | undefined): 'string' | 'boolean' => (value === undefined ? 'boolean' : 'string')

function withCommon<C extends Command>(command: C, { common }: Program<C>): Command {
  return { ...command, options: { ...command.options, ...common } }
}

const helpOf = <C extends Command>(command: C, program: Program<C>): string =>
  commandHelp(`${program.name} ${command.name}`, withCommon(command, program))

function findCommand<C extends Command>(word: string, { name, noun, commands }: Program<C>): C {
  const names = commands.map(command => command.name)
  const found = commands[names.indexOf(word)]
  if (found !== undefined) return found
  if (word.startsWith('-')) throw new UsageError(`the ${noun} comes first, then '${word}': ${name} ${noun.toUpperCase()} [options]`)
  throw new UsageError(`there is no ${noun} '${word}'${didYouMean(word, names)} (${noun}s: ${names.join(', ')})`)
}

function didYouMean(word: string, names: readonly string[], before = ''): string {
  const meant = nearest(word, names)
  return meant === undefined ? '' : `; did you mean '${before}${meant}'?`
}
