// Where a value stands in a message.

/** A value to come back to when the whole message has been walked; equal offsets say that it was not there. */
export class Span {
  start = 0
  end = 0

  clear(): void {
    this.start = this.end = 0
  }
}
