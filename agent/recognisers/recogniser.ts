// What a recogniser is: it knows the messages of one product. It reads bytes between two offsets and writes numbers into
// one reused event; it builds no string and no object a message, and touches nothing outside its arguments.
import type { EventRecord, ProductName } from '../event.ts'
import type { Message } from '../message.ts'

/** What reading came to. `ignored`: known, but not about a connection. `unreadable`: claimed, and not understood. */
export const Reading = { unreadable: 0, event: 1, ignored: 2 } as const
export type Reading = (typeof Reading)[keyof typeof Reading]

/** What `claims` answers for a message of another product. */
export const NOT_OURS = -1

export interface Recogniser {
  readonly name: ProductName
  /** What a person calls the product. */
  readonly title: string
  /**
   * Cheap: is this one of ours? Looks at a few bytes; never throws. Answers the offset at which `read` is to begin, which is where
   * the product's own text or the part of it begins that identifies it; NOT_OURS if it is none.
   */
  claims(message: Message): number
  /**
   * Fills `event` (which comes reset) from a message for which `claims` answered `start`. Sets the event's time only if the body
   * states one; the header's is the fallback.
   */
  read(message: Message, event: EventRecord, start: number): Reading
}
