// The options of a script. --help, or a wrong command line, ends it.
import { parseArguments, UsageError } from '../agent/lib/command-line.ts'
import type { Command, Options, Values } from '../agent/lib/command-table.ts'

/** `script.name` is how it is typed. */
export function readOptions<const O extends Options>(script: Omit<Command<O>, 'operands' | 'summary'>): Values<O> {
  try {
    const request = parseArguments(process.argv.slice(2), script.name, script)
    if (request.kind === 'run') return request.values
    console.log(request.text)
    process.exit(0)
  } catch (error) {
    if (error instanceof UsageError) endWithUsage(script.name, error)
    throw error
  }
}

export function endWithUsage(typed: string, error: UsageError): never {
  console.error(`${typed}: ${error.message}\n${typed} --help explains it.`)
  process.exit(2)
}
