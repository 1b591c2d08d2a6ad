// Runs a tool of the system and gives what it prints. An Error names the tool, and the package that brings it.
import { spawnSync } from 'node:child_process'

const packages: Readonly<Record<string, string>> = { mksquashfs: 'squashfs-tools', veritysetup: 'cryptsetup-bin' }

export function runTool(command: string, words: readonly string[]): string {
  // a time of the environment contradicts the one that is given
  const { SOURCE_DATE_EPOCH: _, ...environment } = process.env
  const env = { ...environment, PATH: `${environment.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', env })
  if (error !== undefined) throw new Error(`${command} cannot be run: install ${packages[command] ?? command}`, { cause: error })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}
