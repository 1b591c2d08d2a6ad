// Headers as text, for tests: what is said of a line, and rows of lines to be read.
import { Message } from '../../message.ts'
import { readHeader } from './syslog-header.ts'

export const message = new Message()

/** What the header of `line` says, as text; `time` is ISO, without the Z where no zone was stated. */
export function read(line: string | Uint8Array) {
  const bytes = Buffer.from(line)
  readHeader(message, bytes, 0, bytes.length)
  const text = (start: number, end: number) => bytes.toString('utf8', start, end)
  const time = new Date(message.time).toISOString()
  return {
    priority: message.priority,
    time: [null, time, time.slice(0, -1), time.slice(5, -1), time.slice(5)][message.clock],
    host: text(message.hostStart, message.hostEnd),
    tag: text(message.tagStart, message.tagEnd),
    body: text(message.body, message.end),
  }
}

/** One row: the line up to `|`, the body after it, and what the header says. */
type Row = readonly [header: string, body: string, said: Partial<ReturnType<typeof read>>]

export function reads(test: Tap, rows: readonly Row[]): void {
  for (const [header, body, said] of rows) {
    const expected = { priority: -1, time: null, host: '', tag: '', ...said, body }
    test.same(read(header + body), expected, header + body)
  }
}
interface Tap {
  same(actual: unknown, expected: unknown, name: string): unknown
}

export const november = '11-20T12:00:01.000'
export const inYear = '2026-11-20T12:00:01.000'
export const exact = '2026-11-20T12:00:01.000Z'
