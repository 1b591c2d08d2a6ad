// Numbers of 32 bits that look random and are the same in each run: a failure can be looked into.

export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    const once = Math.imul(state ^ (state >>> 15), state | 1)
    return (once ^ (once + Math.imul(once ^ (once >>> 7), once | 61))) >>> 0
  }
}
