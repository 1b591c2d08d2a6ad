// What --help prints: how a command is typed, what it does, its options with their defaults, an example, its exit codes.
import type { Command, Options, Program } from './command-table.ts'

const usualExitCodes: Readonly<Record<number, string>> = { 0: 'done', 1: 'failed; the message says why', 2: 'the command line is wrong' }

/** All commands of a program, one line each. */
export function overview({ name, summary, noun, commands, common }: Program): string {
  const word = noun.toUpperCase()
  const typed = commands.map(command => [command.name, ...(command.operands ?? [])].join(' '))
  return [
    `usage: ${name} ${word} [options]`,
    summary,
    columns(commands.map((command, row) => [typed[row], command.summary])),
    ...(Object.keys(common).length === 0 ? [] : [`Every ${noun} takes\n${optionColumns(common)}`]),
    `\`${name} ${word} --help\` explains a ${noun}, with its options, an example and its exit codes.`,
  ].join('\n\n')
}

/** One command, typed as `typed`. */
export function commandHelp(
  typed: string,
  { operands = [], options, help, example, exitCodes }: Omit<Command, 'name' | 'summary'>,
): string {
  const required = Object.entries(options).filter(([, option]) => option.required)
  const usage = [typed, ...required.map(([name, { value }]) => `--${name} ${value}`), ...operands, '[options]'].join(' ')
  const codes = Object.entries({ ...usualExitCodes, ...exitCodes })
  const indented = example.replaceAll(/^/gm, '  ')
  return [
    `usage: ${usage}`,
    help,
    `Options\n${optionColumns(options)}`,
    `Example\n${indented}`,
    `Exit code\n${columns(codes.map(([code, meaning]) => [code, meaning]))}`,
  ].join('\n\n')
}

function optionColumns(options: Options): string {
  const rows = Object.entries(options).map(([name, option]): [string, string] => [
    option.value === undefined ? `--${name}` : `--${name} ${option.value}`,
    `${option.help}${option.default === undefined ? '' : ` (default ${option.default})`}${option.required ? ' (required)' : ''}`,
  ])
  return columns([...rows, ['--help', 'show this help']])
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second.replaceAll('\n', `\n${' '.repeat(width + 4)}`)}`).join('\n')
}
