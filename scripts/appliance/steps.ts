// Progress of long work: one line a step with the time it took, and on a terminal below it the current part.
import { createWriteStream, type WriteStream } from 'node:fs'

export class Steps {
  readonly #log: WriteStream
  readonly #began = performance.now()

  /** The output of tools goes into the file `logPath`. */
  constructor(logPath: string) {
    this.#log = createWriteStream(logPath)
  }

  async run<T>(name: string, work: (at: (what: string) => void) => Promise<T>): Promise<T> {
    const began = performance.now()
    const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`
    let what = ''
    const draw = () => process.stdout.isTTY && process.stdout.write(`\r\u001b[K  ... ${name}  ${seconds()}  ${what.slice(0, 60)}`)
    const timer = setInterval(draw, 1000)
    try {
      const result = await work(next => {
        what = next
        draw()
      })
      this.#print(`  ok  ${name.padEnd(56)} ${seconds()}`)
      return result
    } catch (error) {
      this.#print(`FAIL  ${name.padEnd(56)} ${seconds()}`)
      throw error
    } finally {
      clearInterval(timer)
    }
  }

  log(text: string): void {
    this.#log.write(text)
  }

  /** Minutes and seconds since the beginning. */
  get elapsed(): string {
    const seconds = Math.round((performance.now() - this.#began) / 1000)
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  }

  #print(line: string): void {
    process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${line}\n`)
    this.#log.write(`== ${line}\n`)
  }
}
