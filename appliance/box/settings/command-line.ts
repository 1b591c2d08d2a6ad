// A command line as a program of the table and its root.
import { parseArgs } from 'node:util'
import { Failure } from '../../../agent/errors.ts'
import type { Program } from '../programs.ts'

export type Command =
  | { readonly kind: 'run'; readonly program: Program; readonly root: string }
  | { readonly kind: 'help'; readonly text: string }

/** Failure 'argument-wrong' if it is none. */
export function parseCommandLine(argv: readonly string[], programs: readonly Program[]): Command {
  const [name, ...rest] = argv
  if (name === undefined || ['--help', '-h', 'help'].includes(name)) return { kind: 'help', text: overview(programs) }
  const program = programs.find(one => one.name === name)
  if (program === undefined) {
    const names = programs.map(one => one.name).join(', ')
    throw new Failure('argument-wrong', `there is no program '${name}'; there are ${names}`)
  }
  try {
    const { values } = parseArgs({ args: rest, options: { root: { type: 'string' }, help: { type: 'boolean', short: 'h' } }, strict: true })
    if (values.help === true) return { kind: 'help', text: explanation(program) }
    return { kind: 'run', program, root: values.root ?? '/' }
  } catch (error) {
    throw new Failure('argument-wrong', error instanceof Error ? error.message : String(error))
  }
}

function overview(programs: readonly Program[]): string {
  return [
    "cyberalarm-box holds the appliance's own programs; its units run them. The agent's command is cyberalarm.\n",
    'usage: cyberalarm-box PROGRAM [--root FOLDER]\n',
    ...programs.map(program => `  ${program.name.padEnd(12)} ${program.summary}`),
    '\n`cyberalarm-box PROGRAM --help` explains a program.',
  ].join('\n')
}

function explanation({ name, help }: Program): string {
  const root = '--root FOLDER   work below this folder instead of /: files, devices, and programs of the base, too'
  return `usage: cyberalarm-box ${name} [--root FOLDER]\n\n${help}\n\n  ${root}\n  --help          show this help`
}
