// A code from standard input: words of a command are there for every user of the machine to read (ps), what passes a pipe is not.
import type { Readable } from 'node:stream'

const MAX_CHARACTERS = 200

/** The first line; of more than 200 characters only those. */
export async function readCode(input: Readable): Promise<string> {
  let text = ''
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk)
    if (text.includes('\n') || text.length > MAX_CHARACTERS) break
  }
  return text.split('\n', 1)[0].slice(0, MAX_CHARACTERS).trim()
}
