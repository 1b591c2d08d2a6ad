// Where `cyberalarm enrol` has its code from: every user of the machine can read the arguments of a command (ps), and shells and
// sudo write them down. What is typed or passes a pipe stays between the two.
import type { Readable } from 'node:stream'

const MAX_CHARACTERS = 200

/** From `input`, after a question if that is a terminal. `argument` is a code as it was given once, or -. */
export async function codeFrom(input: Readable & { readonly isTTY?: boolean }, argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') {
    // libuv writes it over the arguments, where ps reads them
    process.title = 'cyberalarm enrol'
    return argument
  }
  if (input.isTTY === true) process.stderr.write('Enrolment code: ')
  return readCode(input)
}

/** The first line; of more than 200 characters only those. */
export async function readCode(input: Readable): Promise<string> {
  let text = ''
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk)
    if (text.includes('\n') || text.length > MAX_CHARACTERS) break
  }
  return text.split('\n', 1)[0].slice(0, MAX_CHARACTERS).trim()
}
