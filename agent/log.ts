// What the agent says while it runs: one line each to standard error, where the journal takes it. Never text of a message.
import { withoutSecrets } from './lib/redact.ts'
import { visible } from './lib/visible.ts'

export interface Log {
  info(text: string): void
  warning(text: string): void
}

/** Lines with syslog levels in front, as systemd's journal reads them (sd-daemon(3)). */
export const journalLog: Log = {
  info: text => process.stderr.write(journalLines(6, text)),
  warning: text => process.stderr.write(journalLines(4, text)),
}

/** Lines that follow are indented and have the level of the first: text from outside cannot pass for a line of its own. */
export function journalLines(level: number, text: string): string {
  const [first, ...more] = withoutSecrets(text).split('\n').map(visible)
  return [first, ...more.map(line => `  ${line.trimStart()}`)].map(line => `<${level}>${line}\n`).join('')
}

export const quietLog: Log = { info: () => undefined, warning: () => undefined }
