// A code from standard input: every user of the machine can read the arguments of a command (ps), but not what passes a pipe.
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
