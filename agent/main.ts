#!/usr/bin/env node
// cyberalarm: argv to verb. The only reader of process.env, and the only place that decides how the process ends.
import { describe, Failure, faultOf } from './errors.ts'
import { withoutSecrets } from './lib/redact.ts'
import { visibleLines } from './lib/visible.ts'
import { parseVerb } from './verbs/command.ts'
import { verbs } from './verbs/index.ts'

const interrupt = new AbortController()
// for good, not once: a library of ours (when-exit, below conf) sends the signal again, and that must not end us half-way
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort())
// a reader that has seen enough (`| head`) is no fault
process.stdout.on('error', error => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1))
// nor is a log that nobody takes any more: the agent goes on
process.stderr.on('error', () => undefined)

try {
  const request = parseVerb(process.argv.slice(2), verbs)
  if (request.kind === 'help') print(request.text)
  else
    process.exitCode = await request.command.run({
      values: request.values,
      operands: request.operands,
      ...request.common,
      signal: interrupt.signal,
      environment: process.env,
      print,
      clearScreen: () => void process.stdout.write('\u001b[2J\u001b[H'),
    })
} catch (error) {
  fail(error)
}

/** Whatever a verb forgot, no byte that a terminal would obey goes to it. */
function print(text: string): void {
  process.stdout.write(`${visibleLines(text)}\n`)
}

function fail(error: unknown): never {
  process.stderr.write(`${visibleLines(failureText(error))}\n`)
  process.exit(error instanceof Failure && error.code === 'argument-wrong' ? 2 : 1)
}

function failureText(error: unknown): string {
  if (!(error instanceof Failure) && process.env.CYBERALARM_DEBUG !== undefined)
    return `cyberalarm: ${error instanceof Error ? error.stack : error}`
  // the command line itself may be what is wrong: then nothing of it was parsed
  if (!process.argv.includes('--json')) return `cyberalarm: ${withoutSecrets(describe(error))}`
  const failure = faultOf(error)
  return JSON.stringify({ failure: { ...failure, detail: withoutSecrets(failure.detail) } })
}
