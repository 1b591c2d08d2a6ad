// A row of the table of central's commands.
import type { Command as CommandLine, Options, Values } from '../../agent/lib/command-table.ts'

export interface Command<O extends Options = Options> extends CommandLine<O> {
  run(folder: string, values: Values<O>): Promise<void>
}

/** Lets the compiler know which options a command's `run` is given. */
export const command = <const O extends Options>(row: Command<O>): Command => row
