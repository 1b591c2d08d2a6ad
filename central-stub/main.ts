// `node central-stub/main.ts COMMAND`: argv to a command of commands.ts. 0 done, 1 failed, 2 the command line is wrong.
import { parseCommandLine, UsageError } from '../agent/lib/command-line.ts'
import { visibleLines } from '../agent/lib/visible.ts'
import { commands, common } from './commands.ts'

const name = 'node central-stub/main.ts'
const summary = 'Enrols boxes, takes their batches, and signs for what it has stored.'

try {
  const request = parseCommandLine(process.argv.slice(2), { name, summary, noun: 'command', commands, common })
  if (request.kind === 'help') console.log(request.text)
  else await request.command.run(request.common.folder, request.values)
} catch (error) {
  console.error(visibleLines(error instanceof Error ? error.message : String(error)))
  if (error instanceof UsageError) console.error(`${name} COMMAND --help explains a command.`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
