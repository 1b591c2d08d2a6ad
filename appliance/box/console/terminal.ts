// The terminal: raw while the console runs, as it was before at the end, whatever ends it.
import type { ReadStream, WriteStream } from 'node:tty'
import { entering, leaving, type Size } from './screen.ts'

/** Where it is not known (a serial line, a pipe). */
const USUAL: Size = { columns: 80, rows: 24 }
const LIMIT: Size = { columns: 500, rows: 300 }

export type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'setRawMode' | 'isTTY'>>
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'columns' | 'rows' | 'isTTY'>>

export function sizeOf(output: Output): Size {
  const within = (value: number | undefined, usual: number, limit: number) =>
    value === undefined || !(value > 0) ? usual : Math.min(value, limit)
  return {
    columns: within(output.columns, USUAL.columns, LIMIT.columns),
    rows: within(output.rows, USUAL.rows, LIMIT.rows),
  }
}

/** Takes the terminal; gives the function that gives it back. */
export function takeTerminal(input: Input, output: Output, isLinuxConsole: boolean): () => void {
  if (input.isTTY === true) input.setRawMode?.(true)
  output.write(entering(isLinuxConsole))
  input.resume()
  return () => {
    output.write(leaving(isLinuxConsole))
    if (input.isTTY === true) input.setRawMode?.(false)
    input.pause()
  }
}
