// A queue a key: work on one key happens one after the other, in the order it was given; work on different keys does not
// wait for each other. How much may wait is bounded where requests come in (limits/places.ts).

export class KeyedQueue {
  private readonly tails = new Map<string, Promise<unknown>>()

  /** Runs `work` when all that was given before for this key has ended, well or not. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.tails.get(key) ?? Promise.resolve()).then(work)
    const tail = result.catch(() => undefined)
    this.tails.set(key, tail)
    try {
      return await result
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key)
    }
  }
}
