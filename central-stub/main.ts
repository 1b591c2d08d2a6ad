// `node central-stub/main.ts COMMAND`: argv to a command of commands.ts. 0 done, 1 failed, 2 the command line is wrong.
import { parseArgs } from 'node:util'
import { commandHelp, commands, overview, UsageError } from './operator/commands.ts'

async function main([word, ...rest]: readonly string[]): Promise<void> {
  if (word === undefined || word === '--help' || word === 'help') return void console.log(overview())
  if (!Object.hasOwn(commands, word)) throw new UsageError(`there is no command '${word}'\n\n${overview()}`)
  const command = commands[word]
  const { values } = readOptions(word, rest)
  if (values.help === true) return void console.log(commandHelp(word, command))
  await command.run(values)
}

function readOptions(word: string, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { ...commands[word].options, help: { type: 'boolean' } }, strict: true })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${commandHelp(word, commands[word])}`)
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
