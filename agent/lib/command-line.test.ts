import t from 'tap'
import { parseArguments, parseCommandLine, UsageError, wholeNumber } from './command-line.ts'
import type { Command } from './command-table.ts'

const copy = {
  name: 'copy',
  operands: ['FROM', 'TO'],
  summary: 'copy a file',
  help: 'Copies FROM to TO.',
  example: 'tool copy a b',
  exitCodes: { 4: 'TO is there already' },
  options: {
    speed: { value: 'MB', help: 'megabytes a second', default: '10' },
    owner: { value: 'NAME', help: 'who it belongs to', required: true },
    comment: { value: 'TEXT', help: 'kept with it' },
    force: { help: 'write over TO' },
  },
} as const
const list: Command = { name: 'list', summary: 'list files', help: 'Lists them.', example: 'tool list', options: {} }
const tool = {
  name: 'tool',
  summary: 'Does things with files.',
  noun: 'command',
  commands: [copy, list],
  common: { root: { value: 'DIR', help: 'work below DIR', default: '/' } },
} as const

t.test('gives options, defaults, operands and what all commands take', async t => {
  t.match(parseCommandLine(['copy', 'a', '--owner=me', '--force', 'b', '--root', '/x'], tool), {
    kind: 'run',
    command: copy,
    values: { speed: '10', owner: 'me', comment: undefined, force: true },
    operands: ['a', 'b'],
    common: { root: '/x' },
  })
  t.match(parseCommandLine(['copy', '--owner', 'me', '--comment=--odd', '--', '-', '--help'], tool), {
    values: { comment: '--odd', force: false },
    operands: ['-', '--help'],
    common: { root: '/' },
  })
})

t.test('a wrong command line says what is wrong, and what was probably meant', async t => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['cpoy', /^there is no command 'cpoy'; did you mean 'copy'\? \(commands: copy, list\)$/],
    ['remove', /^there is no command 'remove' \(commands: copy, list\)$/],
    ['constructor', /there is no command 'constructor'/],
    ['--root / list', /the command comes first, then '--root'/],
    ['--version', /there is no command 'version'/],
    ['help cpoy', /did you mean 'copy'/],
    ['copy --owner me a b --sped 5', /^there is no option '--sped'; did you mean '--speed'\?$/],
    ['copy --owner me a b -f', /^there is no option '-f'$/],
    ['copy --owner me a b --__proto__ x', /there is no option '--__proto__'/],
    ['copy --owner me a b --toString', /there is no option '--toString'/],
    ['copy --owner me a b --force=yes', /--force takes no value/],
    ['copy --owner', /--owner needs a value: --owner NAME/],
    ['copy --owner --force a b', /--owner needs a value: --owner NAME/],
    ['copy a b', /--owner is missing: tool copy --owner NAME/],
    ['copy --owner= a b', /--owner is missing/],
    ['copy --owner me a', /tool copy needs TO$/],
    ['copy --owner me', /tool copy needs FROM and TO$/],
    ['copy --owner me a b c', /tool copy takes FROM TO; 'c' is one too many/],
    ['list x', /tool list takes no operand; 'x' is one too many/],
  ]
  for (const [line, says] of wrong)
    t.throws(() => parseCommandLine(line.split(' '), tool), { constructor: UsageError, message: says }, line)
})

t.test('help shows how it is typed, every option with its default, an example and the exit codes', async t => {
  const helps = ['copy --help', 'copy -h', 'help copy', 'copy --help --wrong'].map(line => parseCommandLine(line.split(' '), tool))
  for (const help of helps) t.strictSame(help, helps[0])
  t.matchOnly(helps[0], {
    kind: 'help',
    text: `usage: tool copy --owner NAME FROM TO [options]

Copies FROM to TO.

Options
  --speed MB      megabytes a second (default 10)
  --owner NAME    who it belongs to (required)
  --comment TEXT  kept with it
  --force         write over TO
  --root DIR      work below DIR (default /)
  --help          show this help

Example
  tool copy a b

Exit code
  0  done
  1  failed; the message says why
  2  the command line is wrong
  4  TO is there already`,
  })
})

t.test('the list of commands is what is shown to somebody who knows none', async t => {
  for (const line of [[], ['help'], ['--help'], ['-h']])
    t.match(parseCommandLine(line, tool), {
      kind: 'help',
      text: /^usage: tool COMMAND \[options\]\n[\s\S]* {2}copy FROM TO {2}copy a file\n {2}list/,
    })
})

t.test('a program without commands reads its arguments the same way', async t => {
  t.match(parseArguments([], 'tool', list), { kind: 'run', values: {}, operands: [] })
  t.match(parseArguments(['--help'], 'tool', list), { kind: 'help', text: /^usage: tool \[options\]/ })
})

t.test('a number is taken in its bounds only', async t => {
  t.equal(wholeNumber('port', '0', 0, 65_535), 0)
  for (const text of ['', '-1', '1.5', '0x10', '65536', '1e3', ' 1', '9'.repeat(30)])
    t.throws(() => wholeNumber('port', text, 0, 65_535), { message: /--port is a whole number from 0 to 65535, not/ }, text)
})
