// What a recogniser is: it knows the messages of one product. It reads bytes between two offsets and writes numbers into
// one reused event; it builds no string and no object a message, and touches nothing outside its arguments.
import type { EventRecord, ProductName } from '../event.ts'
import type { Message } from '../message.ts'

/** What reading came to. `ignored`: known, but not about a connection. `unreadable`: claimed, and not understood. */
export const Reading = { unreadable: 0, event: 1, ignored: 2 } as const
export type Reading = (typeof Reading)[keyof typeof Reading]

export interface Recogniser {
  readonly name: ProductName
  /** What a person calls the product. */
  readonly title: string
  /**
   * Cheap: is this one of ours? Looks at a few bytes; never throws. `read` may use what it found: it is called right behind a
   * `claims` that said yes to the same message, with no other call to this recogniser in between.
   */
  claims(message: Message): boolean
  /** Fills `event` (which comes reset). Sets the event's time only if the body states one; the header's is the fallback. */
  read(message: Message, event: EventRecord): Reading
}
