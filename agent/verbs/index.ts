// The one table of verbs.
import type { Verb } from './command.ts'
import { explain } from './explain.ts'
import { readSettings } from './settings-file.ts'

export const verbs: readonly Verb[] = [
  {
    name: 'explain',
    words: [],
    summary: 'say what would be done with messages from standard input',
    help: 'Reads messages, one a line, and prints for each whether it would be sent, dropped, ignored or could not be read,\nwhich rule says so, and the event. Nothing is sent and nothing is kept.\n\n  tail -n 20 firewall.log | cyberalarm explain',
    options: { 'json-lines': { type: 'boolean', help: 'each input line is one JSON string, so that a message may hold line breaks' } },
    run: async call => {
      await explain(process.stdin, call.print, {
        settings: readSettings(call.root),
        json: call.json,
        jsonLines: call.values['json-lines'] === true,
      })
      return 0
    },
  },
]
