// Runs a tool of the machine; its output goes to the log, and the last lines of it into the error.
import { spawn } from 'node:child_process'

export interface RunOptions {
  readonly log?: (text: string) => void
  /** Each line as it comes. */
  readonly line?: (text: string) => void
  readonly environment?: Readonly<Record<string, string>>
}

/** What the tool printed, standard output and error together. Throws if it can't be started or fails. */
export function run(command: string, args: readonly string[], { log, line, environment }: RunOptions = {}): Promise<string> {
  log?.(`$ ${command} ${args.join(' ')}\n`)
  return new Promise((resolve, reject) => {
    const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path, ...environment },
    })
    let text = ''
    let rest = ''
    const take = (chunk: Buffer) => {
      text += chunk
      log?.(String(chunk))
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) line?.(one)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', error => reject(new Error(`${command} could not be started: ${error.message}`)))
    child.once('close', code => {
      if (code === 0) resolve(text)
      else reject(new Error(`${command} ended with ${code}:\n${text.trimEnd().split('\n').slice(-15).join('\n')}`))
    })
  })
}
