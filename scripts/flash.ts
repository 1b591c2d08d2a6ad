// `make flash DEVICE=/dev/sdX`: writes an image onto a disk. What is given comes from make's variables or from words:
//   node scripts/flash.ts --device /dev/sdX [--image FILE.img.zst] [--signers FILE] [--internal] [--yes /dev/sdX]
//   node scripts/flash.ts --file PATH ...      into a plain file that is large enough
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { type FlashRequest, flash, type Person } from './appliance/flash.ts'
import { FlashFault } from './appliance/flash-fault.ts'
import { progressText } from './appliance/flash-progress.ts'

const usage = 'make flash DEVICE=/dev/sdX [IMAGE=...img.zst] [SIGNERS=allowed_signers] [INTERNAL=1] [YES=/dev/sdX]   (docs/flashing.md)'

function readRequest(): FlashRequest {
  const { values } = parseArgs({
    options: {
      device: { type: 'string' },
      file: { type: 'string' },
      image: { type: 'string' },
      signers: { type: 'string' },
      internal: { type: 'boolean' },
      yes: { type: 'string' },
    },
  })
  // make hands the variables of its command line over as environment, where no shell can misread their spaces and quotes
  const given = (name: string): string | undefined => process.env[name] || undefined
  const device = values.file ?? values.device ?? given('DEVICE')
  if (device === undefined) throw new FlashFault(usage)
  return {
    device,
    isFile: values.file !== undefined,
    image: values.image ?? given('IMAGE'),
    trust: { builds: join(import.meta.dirname, '..', 'build', 'appliance'), signers: values.signers ?? given('SIGNERS') },
    allowInternal: values.internal ?? given('INTERNAL') === '1',
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
  if (error instanceof FlashFault || (error instanceof TypeError && 'code' in error)) console.error(`\n${error.message}`)
  else console.error(error)
  process.exitCode = 1
}
