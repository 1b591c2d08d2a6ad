// `cyberalarm explain`: reads messages from standard input and says for each what the agent would do with it, and why.
// Nothing is sent and nothing is kept.
import type { Readable } from 'node:stream'
import { Gateway } from '../pipeline/gateways.ts'
import { Interpreter } from '../pipeline/interpreter.ts'
import { Reading } from '../recognisers/recogniser.ts'
import type { Settings } from '../settings/table.ts'
import { MESSAGE_MAX_BYTES } from '../sources/source.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import { type Explanation, explainEvent, explanationText } from './explanation.ts'

export interface ExplainOptions {
  readonly settings: Settings
  /** Print JSON objects instead of lines for people. */
  readonly json: boolean
  /** Each input line is a JSON string, so that a message may hold line breaks. */
  readonly jsonLines: boolean
}

export async function explain(input: Readable, print: (text: string) => void, options: ExplainOptions): Promise<void> {
  const interpreter = new Interpreter(new Triage(new Networks(options.settings['member.networks'])))
  const gateway = new Gateway(1, 'standard input')
  for await (const line of lines(input)) {
    if (line.length === 0) continue
    const message = options.jsonLines ? Buffer.from(parseJsonString(line.toString())) : line
    const explanation = explainOne(interpreter, gateway, message)
    print(options.json ? JSON.stringify(explanation) : explanationText(explanation))
  }
}

function explainOne(interpreter: Interpreter, gateway: Gateway, message: Buffer): Explanation {
  if (message.length > MESSAGE_MAX_BYTES) return { recogniser: null, verdict: 'unreadable', reason: 'longer than 64 KiB', event: null }
  const reading = interpreter.interpret(message, 0, message.length, gateway, Date.now())
  const recogniser = interpreter.recogniser?.name ?? null
  switch (reading) {
    case Reading.unreadable: {
      const reason = recogniser === null ? 'not a message of a supported product' : 'it looks like this product, but could not be parsed'
      return { recogniser, verdict: 'unreadable', reason, event: null }
    }
    case Reading.ignored:
      return { recogniser, verdict: 'ignore', reason: 'known, and not about a connection', event: null }
    case Reading.event:
      return explainEvent(recogniser, interpreter.rule, interpreter.event)
  }
}

function parseJsonString(line: string): string {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'string') return value
  } catch {
    // reported below, like JSON that is not a string
  }
  throw new Error(`with --json-lines each line must be one JSON string; this is not: ${line.slice(0, 60)}`)
}

/** Lines of a stream without their ends, whatever their length. */
async function* lines(input: Readable): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    let start = 0
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
      pieces.push(bytes.subarray(start, at))
      yield Buffer.concat(pieces.splice(0))
      start = at + 1
    }
    pieces.push(bytes.subarray(start))
  }
  yield Buffer.concat(pieces)
}
