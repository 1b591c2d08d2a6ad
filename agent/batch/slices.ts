// Work on many rows in slices: between two of them the loop of Node.js has its turn, so that sockets are read. One row is
// little work whatever strangers sent, so a slice takes a millisecond or two.

const SLICE_ROWS = 4096

export class Slices {
  private readonly yieldToLoop: () => Promise<unknown> | undefined
  private left = SLICE_ROWS

  constructor(yieldToLoop: () => Promise<unknown> | undefined) {
    this.yieldToLoop = yieldToLoop
  }

  /** Calls `work` for 0 to `rows` - 1. Several short columns share a slice. */
  async each(rows: number, work: (row: number) => void): Promise<void> {
    for (let row = 0; row < rows; ) {
      const from = row
      const end = Math.min(rows, from + this.left)
      for (; row < end; row++) work(row)
      await this.worked(end - from)
    }
  }

  /** Says that so many rows were worked on. */
  async worked(rows: number): Promise<void> {
    this.left -= rows
    if (this.left > 0) return
    this.left = SLICE_ROWS
    await this.yieldToLoop()
  }
}
