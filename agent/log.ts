// What the agent says while it runs: one line each to standard error, where the journal takes it. Never text of a message.

export interface Log {
  info(text: string): void
  warning(text: string): void
}

/** Lines with syslog levels in front, as systemd's journal reads them (sd-daemon(3)). */
export const journalLog: Log = {
  info: text => process.stderr.write(`<6>${text}\n`),
  warning: text => process.stderr.write(`<4>${text}\n`),
}

export const quietLog: Log = { info: () => undefined, warning: () => undefined }
