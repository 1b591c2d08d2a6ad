#!/usr/bin/env node
// cyberalarm-box: argv to program. The only file of the box's programs that reads process.env, and the only one that decides how
// the process ends.
import { describe, Failure } from '../../agent/errors.ts'
import { parseCommandLine, UsageError } from '../../agent/lib/command-line.ts'
import { withoutSecrets } from '../../agent/lib/redact.ts'
import { visibleLines } from '../../agent/lib/visible.ts'
import { common, programs } from './programs.ts'

// every file states its mode, and some are for other users to read
process.umask(0o022)
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())
// a reader that is gone is no fault: what the program does goes on
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const summary = "The appliance's own programs, which its units run. The agent's command is cyberalarm."
  const request = parseCommandLine(process.argv.slice(2), { name: 'cyberalarm-box', summary, noun: 'program', commands: programs, common })
  if (request.kind === 'help') process.stdout.write(`${request.text}\n`)
  else
    process.exitCode = await request.command.run({
      root: request.common.root,
      operands: request.operands,
      environment: process.env,
      signal: interrupt.signal,
      input: process.stdin,
      output: process.stdout,
      print: text => process.stdout.write(`${visibleLines(text)}\n`),
    })
} catch (error) {
  const isUsage = error instanceof UsageError
  const text = withoutSecrets(describe(isUsage ? new Failure('argument-wrong', error.message) : error))
  process.stderr.write(`cyberalarm-box: ${visibleLines(text)}\n`)
  process.exitCode = isUsage ? 2 : 1
}
