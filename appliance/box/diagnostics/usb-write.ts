// Puts one file on a FAT volume with mtools, and reads it back. mtools is a program in user space: a file system that was made
// to break its reader meets a process that has nothing else.
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeIfThere } from '../../../agent/lib/durable-file.ts'
import type { RunTool } from '../tools.ts'
import { StickFault } from './stick-fault.ts'

/** A slow stick writes 1 MiB a second; our file is a tenth of that. */
const TOOL_TIMEOUT_MS = 60_000
const READ_SLACK_BYTES = 1024

async function mtool(run: RunTool, name: string, words: readonly string[], maxBytes: number): Promise<Buffer> {
  const result = await run(name, words, { timeoutMs: TOOL_TIMEOUT_MS, maxBytes })
  if (result.kind === 'absent') throw new StickFault('tool-missing', `${name} is missing on this box.`)
  if (result.kind === 'failed') throw new StickFault('stick-silent', `The stick does not answer: ${result.text}.`)
  if (result.code !== 0) throw faultOf(result.error)
  return result.out
}

/** mtools end with 1 whatever it was, so that their words are all there is to tell one thing from another by. */
function faultOf(output: string): StickFault {
  if (/full/i.test(output)) return new StickFault('stick-full', 'The stick is full.')
  if (/read-?only|write protect/i.test(output)) return new StickFault('stick-write-protected', 'The stick is write-protected.')
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  return new StickFault('stick-format-wrong', `The stick cannot be written: ${lastLine.slice(0, 200)}`)
}

/** Writes `bytes` as the file `name` in the top folder of the volume. `draftFolder` is ours, and not on the stick. */
export async function writeToStick(run: RunTool, device: string, name: string, bytes: Buffer, draftFolder: string): Promise<void> {
  const draft = join(draftFolder, `${name}.draft`)
  try {
    writeFileSync(draft, bytes, { mode: 0o600 })
    // -D s: a name that is there already is left alone, and nobody is asked
    await mtool(run, 'mcopy', ['-i', device, '-D', 's', draft, `::${name}`], 65_536)
  } finally {
    removeIfThere(draft)
  }
  const file = openSync(device, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Reads it back from the stick: the kernel forgets what it kept of a block device when nobody has it open any more. */
export async function verifyOnStick(run: RunTool, device: string, name: string, bytes: Buffer): Promise<void> {
  const back = await mtool(run, 'mtype', ['-i', device, `::${name}`], bytes.length + READ_SLACK_BYTES)
  if (!back.equals(bytes)) throw new StickFault('stick-damaged', 'What was read back from the stick is not what was written.')
}
