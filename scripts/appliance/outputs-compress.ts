// Compresses the raw image into one zstd frame that states its size. Same image, same zstd: same bytes, on any number of
// processors, because libzstd cuts its jobs by size. The program and not Node's own zstd, whose stream loses its end when it
// has workers (Node 26), and without them takes a processor's multiple of the time.
import { spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

/** docs/flashing.md, 'How the image is packed', has what other levels cost and save. */
export const ZSTD_LEVEL = 12

export interface CompressOptions {
  readonly level?: number
  /** 0, the default: as many as there are processors. */
  readonly threads?: number
  readonly progress?: (doneBytes: number, allBytes: number) => void
}

export async function compressImage(rawPath: string, zstPath: string, options: CompressOptions = {}): Promise<void> {
  const { level = ZSTD_LEVEL, threads = 0, progress } = options
  const { size } = await stat(rawPath)
  const draft = `${zstPath}.draft`
  try {
    const zstd = spawn('zstd', ['-q', '-c', `-${level}`, `-T${threads}`, '--check', `--stream-size=${size}`])
    let errors = ''
    zstd.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const ended = new Promise<void>((done, fail) => {
      zstd.on('error', cause => fail(new Error('zstd is missing: install the package zstd', { cause })))
      zstd.on('close', code => (code === 0 ? done() : fail(new Error(`zstd ended with ${code}: ${errors.trim()}`))))
    })
    // an error of zstd explains more than the broken pipe that follows from it
    const kept = pipeline(zstd.stdout, createWriteStream(draft, { flush: true }))
    const all = await Promise.allSettled([kept, ended, feed(rawPath, zstd.stdin, bytes => progress?.(bytes, size))])
    for (const one of all) if (one.status === 'rejected') throw one.reason
    await rename(draft, zstPath)
  } finally {
    await rm(draft, { force: true })
  }
}

async function feed(rawPath: string, into: NodeJS.WritableStream, progress: (doneBytes: number) => void): Promise<void> {
  let done = 0
  await pipeline(
    createReadStream(rawPath, { highWaterMark: 1 << 20 }),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        yield chunk
        done += chunk.length
        progress(done)
      }
    },
    into,
  )
}
