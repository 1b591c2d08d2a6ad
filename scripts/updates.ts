// `node scripts/updates.ts COMMAND`: what the makers do to a repository of updates (docs/updates.md). 0 done, 1 refused, 2 wrong command line.
import { parseCommandLine, UsageError } from '../agent/lib/command-line.ts'
import { commands } from './updates/commands.ts'
import { wordsOf } from './updates/words.ts'

const name = 'node scripts/updates.ts'
const summary = 'Makes keys, signs releases, and says which boxes get them when.'

try {
  const request = parseCommandLine(process.argv.slice(2), { name, summary, noun: 'command', commands, common: {} })
  if (request.kind === 'help') console.log(request.text)
  else await request.command.run(request.values)
} catch (error) {
  console.error(wordsOf(error))
  if (error instanceof UsageError) console.error(`${name} COMMAND --help explains a command.`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
