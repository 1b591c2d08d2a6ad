// `make flash DEVICE=/dev/sdX`: writes an image onto a disk. What is given comes from make's variables or from options.
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { UsageError } from '../agent/lib/command-line.ts'
import { type FlashRequest, flash, type Person } from './appliance/flash.ts'
import { FlashFault } from './appliance/flash-fault.ts'
import { progressText } from './appliance/flash-progress.ts'
import { endWithUsage, readOptions } from './options.ts'

const script = 'node scripts/flash.ts'

function readRequest(): FlashRequest {
  const values = readOptions({
    name: script,
    help: 'Verifies an image, writes it to a disk and reads it back. Everything on the disk is erased; it asks first.\nThe variables of `make flash` replace options that are not given: DEVICE IMAGE SIGNERS INTERNAL=1 YES.\nMore: docs/flashing.md',
    example: 'make flash DEVICE=/dev/sdX\nnode scripts/flash.ts --device /dev/sdX --image cyberalarm.img.zst --signers allowed_signers',
    options: {
      device: { value: 'DISK', help: 'the whole disk, for example /dev/sdX' },
      file: { value: 'PATH', help: 'write to a regular file, large enough, instead of a disk' },
      image: { value: 'FILE', help: 'the image, .img.zst (default the newest in build/appliance)' },
      signers: { value: 'FILE', help: 'trusted release keys (allowed_signers file of ssh-keygen)' },
      internal: { help: 'allow a built-in disk' },
      yes: { value: 'DISK', help: 'skip the prompt: must name the same disk' },
    },
  })
  // make hands the variables of its command line over as environment, where no shell can misread their spaces and quotes
  const given = (name: string): string | undefined => process.env[name] || undefined
  const device = values.file ?? values.device ?? given('DEVICE')
  if (device === undefined) endWithUsage(script, new UsageError('no disk given: make flash DEVICE=/dev/sdX'))
  return {
    device,
    isFile: values.file !== undefined,
    image: values.image ?? given('IMAGE'),
    trust: { builds: join(import.meta.dirname, '..', 'build', 'appliance'), signers: values.signers ?? given('SIGNERS') },
    allowInternal: values.internal || given('INTERNAL') === '1',
    yes: values.yes ?? given('YES'),
  }
}

const isTerminal = process.stdout.isTTY === true

function showProgress(verb: string): (done: number, all: number) => void {
  const began = performance.now()
  let shown = Number.NEGATIVE_INFINITY
  return (done, all) => {
    const now = performance.now()
    if (done < all && now - shown < (isTerminal ? 200 : 10_000)) return
    shown = now
    const text = progressText(verb, done, all, now - began)
    process.stdout.write(isTerminal ? `\r${text}\x1b[K${done < all ? '' : '\n'}` : `${text}\n`)
  }
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())

const person: Person = {
  print: line => console.log(line),
  progress: showProgress,
  ask: async question => {
    const lines = createInterface({ input: process.stdin, output: process.stdout })
    // Ctrl-C and the end of the input are a no
    const closed = new Promise<undefined>(done => lines.on('close', () => done(undefined)).on('SIGINT', () => lines.close()))
    const typed = await Promise.race([lines.question(question), closed])
    lines.close()
    return typed
  },
}

try {
  await flash(readRequest(), person, stop.signal)
} catch (error) {
  if (error instanceof FlashFault) console.error(`\n${error.message}`)
  else console.error(error)
  process.exitCode = 1
}
