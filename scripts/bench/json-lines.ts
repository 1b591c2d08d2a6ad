// Counts the lines of a file that another program is writing, from where it stopped counting before.
import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK_BYTES = 1024 * 1024
const LINE_FEED = 10

export class LineCounter {
  lines = 0
  /** Lines that hold the words asked for. */
  marked = 0
  private readonly handle: number
  private readonly mark: string
  private readonly chunk = Buffer.alloc(CHUNK_BYTES)
  private at = 0

  constructor(file: string, mark: string) {
    this.handle = openSync(file, 'r')
    this.mark = mark
  }

  /** Reads on to the present end. */
  read(): number {
    for (;;) {
      const length = readSync(this.handle, this.chunk, 0, CHUNK_BYTES, this.at)
      const end = this.chunk.subarray(0, length).lastIndexOf(LINE_FEED) + 1
      if (end === 0) return this.lines
      for (let i = this.chunk.indexOf(LINE_FEED); i >= 0 && i < end; i = this.chunk.indexOf(LINE_FEED, i + 1)) this.lines++
      for (let i = this.chunk.indexOf(this.mark); i >= 0 && i < end; i = this.chunk.indexOf(this.mark, i + 1)) this.marked++
      this.at += end
    }
  }

  close(): void {
    closeSync(this.handle)
  }
}
