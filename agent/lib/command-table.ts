// The rows that a command line is read by and that its help is printed from.

export interface Option {
  readonly help: string
  /** How the help names its value, for example FILE. Without it the option is a switch. */
  readonly value?: string
  /** Used if the option is not given. */
  readonly default?: string
  /** The command does not run without it. */
  readonly required?: true
}
export type Options = Readonly<Record<string, Option>>

/** A switch is true or false; a value is undefined only if it has no default and is not required. */
export type Values<O extends Options> = string extends keyof O
  ? Readonly<Record<string, string | boolean | undefined>>
  : { readonly [name in keyof O]: O[name] extends { readonly value: string } ? ValueOf<O[name]> : boolean }
type ValueOf<O extends Option> = O extends { readonly default: string } | { readonly required: true } ? string : string | undefined

export interface Command<O extends Options = Options> {
  readonly name: string
  /** Names of the operands, all of which must be given, for example `CODE`. */
  readonly operands?: readonly string[]
  /** How many more it takes, of which no help speaks: what was documented once goes on working. */
  readonly formerOperands?: number
  /** One line for the list of commands. */
  readonly summary: string
  readonly help: string
  /** A command line as somebody would type it; more than one line if one does not show it. */
  readonly example: string
  readonly options: O
  /** Exit codes besides 0, 1 and 2, with what each says. */
  readonly exitCodes?: Readonly<Record<number, string>>
}

export interface Program<C extends Command = Command, O extends Options = Options> {
  /** As it is typed: `cyberalarm`, or `node scripts/flash.ts`. */
  readonly name: string
  readonly summary: string
  /** What a command is called in this program's help: verb, program, command. */
  readonly noun: string
  readonly commands: readonly C[]
  /** Options that every command takes. */
  readonly common: O
}
