// Whose turn it is: work waits for each member apart, members take turns, and no member has more than its share under way.
// One that sends without pause delays another by what it has under way, never by what it has waiting.

export interface Turns {
  readonly total: number
  readonly perMember: number
}

interface Line {
  running: number
  /** Number of its last turn. */
  turn: number
  readonly waiting: (() => void)[]
}

/** Leaves the line before its turn has come, with this error; nothing if the turn has come. */
export type Leave = (error: Error) => void

export class FairQueue {
  private readonly turns: Turns
  private readonly lines = new Map<string, Line>()
  private running = 0
  private turn = 0

  constructor(turns: Turns) {
    this.turns = turns
  }

  /** Runs `work` when its member's turn comes. How much may wait is bounded where requests come in (places.ts). */
  async run<T>(member: string, work: () => Promise<T>, onWaiting?: (leave: Leave) => void): Promise<T> {
    const line = this.lines.get(member) ?? { running: 0, turn: 0, waiting: [] }
    this.lines.set(member, line)
    await new Promise<void>((resolve, reject) => {
      line.waiting.push(resolve)
      onWaiting?.(error => {
        const at = line.waiting.indexOf(resolve)
        if (at < 0) return
        line.waiting.splice(at, 1)
        if (line.running === 0 && line.waiting.length === 0) this.lines.delete(member)
        reject(error)
      })
      this.begin()
    })
    try {
      return await work()
    } finally {
      this.running--
      line.running--
      if (line.running === 0 && line.waiting.length === 0) this.lines.delete(member)
      this.begin()
    }
  }

  private begin(): void {
    while (this.running < this.turns.total) {
      const next = this.next()
      if (next === undefined) return
      this.running++
      next.running++
      next.turn = ++this.turn
      next.waiting.shift()?.()
    }
  }

  /** Of the members that have least under way, the one whose last turn was longest ago. */
  private next(): Line | undefined {
    let first: Line | undefined
    for (const line of this.lines.values()) {
      if (line.waiting.length === 0 || line.running >= this.turns.perMember) continue
      if (first === undefined || line.running < first.running || (line.running === first.running && line.turn < first.turn)) first = line
    }
    return first
  }
}
