// What one recogniser makes of a line, for the tests of products.
import { EventRecord, toEcs } from '../event.ts'
import { Message } from '../message.ts'
import { Reading, type Recogniser } from '../recognisers/recogniser.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'

export type LineReading = Record<string, string | number> | 'not claimed' | 'ignored' | 'unreadable'

/** A function from a line, header and all, to the event in ECS names, or to why there is none. */
export function lineReader(recogniser: Recogniser): (line: string) => LineReading {
  const message = new Message()
  const event = new EventRecord()
  return line => {
    const bytes = Buffer.from(line)
    readHeader(message, bytes, 0, bytes.length)
    const start = recogniser.claims(message)
    if (start < 0) return 'not claimed'
    event.reset()
    const reading = recogniser.read(message, event, start)
    return reading === Reading.event ? toEcs(event) : reading === Reading.ignored ? 'ignored' : 'unreadable'
  }
}
