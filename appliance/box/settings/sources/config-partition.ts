// The FAT partition `config`: a member puts cyberalarm.conf on it from any PC before the box boots.
import { existsSync } from 'node:fs'
import type { RunTool } from '../../tools.ts'
import { decode, TEXT_MAX_BYTES } from '../text-file.ts'
import { codesIn, wipeSteps } from '../wipe.ts'
import { overwriteFatFile, readFatFile } from './fat-file.ts'
import { type Reading, refusal, type SettingsSource } from './source.ts'
import { overwriteCopies } from './stray-copies.ts'

/** Windows hides what follows the last dot, and its editor adds `.txt` to a new file without a word. */
const fileNames = ['cyberalarm.conf', 'cyberalarm.conf.txt']

export function configPartition(run: RunTool, device: string): SettingsSource {
  const read = async (): Promise<Reading> => {
    if (!existsSync(device)) return { kind: 'absent' }
    for (const name of fileNames) {
      const found = await readFatFile(run, device, name, TEXT_MAX_BYTES + 1)
      if (found.kind === 'none') continue
      if (found.kind === 'fault') return refusal(`${name} on the partition CYBERALARM ${found.fault}`)
      const decoded = decode(found.bytes)
      if (decoded.kind === 'fault') return refusal(`${name} on the partition CYBERALARM ${decoded.fault}`)
      return { kind: 'text', text: decoded.text, file: name, wipe: () => wipe(run, device, name, found.bytes) }
    }
    return { kind: 'empty' }
  }
  return { name: 'config', read }
}

async function wipe(run: RunTool, device: string, name: string, bytes: Buffer): Promise<string> {
  const codes = codesIn(bytes)
  const steps = wipeSteps(bytes)
  if (steps.length > 0) await overwriteFatFile(run, device, name, bytes, steps)
  // also the way out where the file could not be overwritten as a file
  await overwriteCopies(device, codes)
  const after = await readFatFile(run, device, name, TEXT_MAX_BYTES + 1)
  const isGone = after.kind === 'bytes' && codesIn(after.bytes).length === 0
  return isGone ? '' : `the code could not be wiped from ${name} on the partition CYBERALARM: remove it there`
}
