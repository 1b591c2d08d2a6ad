#!/usr/bin/env node
// cyberalarm-box: argv to program. The only file of the box's programs that reads process.env, and the only one that decides how
// the process ends.
import { describe, Failure } from '../../agent/errors.ts'
import { programs } from './programs.ts'
import { withoutSecrets } from './settings/box-settings.ts'
import { parseCommandLine } from './settings/command-line.ts'

// every file states its mode, and some are for other users to read
process.umask(0o022)
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())
// a reader that is gone is no fault: what the program does goes on
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const command = parseCommandLine(process.argv.slice(2), programs)
  if (command.kind === 'help') process.stdout.write(`${command.text}\n`)
  else
    process.exitCode = await command.program.run({
      root: command.root,
      environment: process.env,
      signal: interrupt.signal,
      input: process.stdin,
      output: process.stdout,
      print: text => process.stdout.write(`${text}\n`),
    })
} catch (error) {
  process.stderr.write(`cyberalarm-box: ${withoutSecrets(describe(error))}\n`)
  process.exitCode = error instanceof Failure && error.code === 'argument-wrong' ? 2 : 1
}
