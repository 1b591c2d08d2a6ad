// Puts one file on a FAT volume with mtools, and reads it back. mtools is a program in user space: a file system that was made
// to break its reader meets a process that has nothing else.
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeIfThere } from '../../../agent/lib/durable-file.ts'
import type { RunTool } from '../tools.ts'

/** A slow stick writes 1 MiB a second; our file is a tenth of that. */
const TOOL_TIMEOUT_MS = 60_000
const READ_SLACK_BYTES = 1024

/** What went wrong, for people. */
export class StickFault extends Error {
  readonly advice: string
  constructor(text: string, advice: string) {
    super(text)
    this.advice = advice
  }
}

async function mtool(run: RunTool, name: string, words: readonly string[], maxBytes: number): Promise<Buffer> {
  const result = await run(name, words, { timeoutMs: TOOL_TIMEOUT_MS, maxBytes })
  if (result.kind === 'absent') throw new StickFault(`This box lacks ${name}.`, 'Call the helpdesk.')
  if (result.kind === 'failed') throw new StickFault(`The stick does not answer: ${result.text}.`, 'Take another one.')
  if (result.code !== 0) throw new StickFault(...faultOf(result.error))
  return result.out
}

/** The words of mtools are for people who know mtools. */
function faultOf(said: string): [text: string, advice: string] {
  const text = said.trim().split('\n').at(-1) ?? ''
  if (/full/i.test(said)) return ['The stick is full.', 'Delete something on it, or take another one.']
  if (/read-?only|write protect/i.test(said)) return ['The stick is write-protected.', 'Move its switch, or take another one.']
  return [`The stick cannot be written: ${text.slice(0, 200)}`, 'Format it on a PC as FAT32, or take another one.']
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
  if (!back.equals(bytes))
    throw new StickFault('What was read back from the stick is not what was written.', 'The stick is broken: take another one.')
}
