// Downloads for updates. Whoever answers may be hostile: each has a bound in bytes and in time, is given up when it trickles, and
// its connection is closed whatever becomes of it. The fetch itself is handed in, so that updates work when all else is broken.
import type { Fetcher } from 'tuf-js'
import { DownloadHTTPError } from 'tuf-js/dist/error.js'
import { Failure } from '../errors.ts'
import { deadline } from '../lib/deadline.ts'

export interface Ask {
  /** Bytes that are there already: only what follows is asked for, if the file is still that of `etag`. */
  readonly from?: number
  readonly etag?: string
  /** More than this is never taken in. */
  readonly mostBytes: number
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** '' if the server names none. */
  readonly etag: string
  readonly stream: AsyncIterable<Uint8Array>
  /** Ends the connection, whether all of the stream was read or nothing. */
  close(): void
}

/** GET of a path below the folder of updates. Rejects with a Failure if there was no answer; so does the stream if it ends early. */
export type Fetch = (path: string, ask: Ask) => Promise<Answer>

export interface DownloadLimits {
  /** So many bytes have to come in any `floorMs`. */
  readonly floorBytes: number
  readonly floorMs: number
  /** For a file of metadata, from asking to its end. */
  readonly wholeMs: number
}
export const downloadLimits: DownloadLimits = { floorBytes: 4096, floorMs: 30_000, wholeMs: 600_000 }

/** Hands the answer to `use`; what it reads from `chunks` is bounded in speed and number. */
export async function download<T>(
  fetch: Fetch,
  path: string,
  ask: Omit<Ask, 'signal'> & { readonly signal?: AbortSignal | undefined },
  { floorBytes, floorMs }: DownloadLimits,
  use: (answer: Answer, chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const slow = new AbortController()
  const giveUp = () => slow.abort(new Failure('update-too-slow', `${path} came in at less than ${floorBytes} bytes in ${floorMs / 1000} s`))
  let timer = setTimeout(giveUp, floorMs)
  let answer: Answer | undefined
  async function* steadily(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let total = 0
    let sinceTimer = 0
    for await (const chunk of stream) {
      total += chunk.length
      sinceTimer += chunk.length
      if (total > ask.mostBytes) throw new Failure('update-refused', `${path} is longer than the ${ask.mostBytes} bytes that it may have`)
      if (sinceTimer >= floorBytes) {
        clearTimeout(timer)
        timer = setTimeout(giveUp, floorMs)
        sinceTimer = 0
      }
      yield chunk
    }
  }
  try {
    const signal = ask.signal === undefined ? slow.signal : AbortSignal.any([slow.signal, ask.signal])
    answer = await fetch(path, { ...ask, signal })
    return await use(answer, steadily(answer.stream))
  } catch (error) {
    throw slow.signal.aborted ? slow.signal.reason : error
  } finally {
    clearTimeout(timer)
    answer?.close()
  }
}

/** A whole file in memory, of `mostBytes` at most. Failure 'update-damaged' where there is none. */
export async function downloadWhole(fetch: Fetch, path: string, mostBytes: number, limits = downloadLimits): Promise<Buffer> {
  const until = deadline(limits.wholeMs, new Failure('update-too-slow', `${path} took longer than ${limits.wholeMs / 1000} s`))
  try {
    return await download(fetch, path, { mostBytes, signal: until.signal }, limits, async ({ status }, chunks) => {
      if (status !== 200) throw refusalOf(status, path)
      const taken: Uint8Array[] = []
      for await (const chunk of chunks) taken.push(chunk)
      return Buffer.concat(taken)
    })
  } catch (error) {
    throw until.signal.aborted ? until.signal.reason : error
  } finally {
    until.done()
  }
}

/** There is no such file at central. */
class Missing extends Failure {
  constructor(path: string) {
    super('update-damaged', `central lacks ${path}, which is signed`)
  }
}

/** What an answer that is no file means. */
export function refusalOf(status: number, path: string): Failure {
  if (status === 404 || status === 403) return new Missing(path)
  return new Failure(status === 429 || status === 503 ? 'central-busy' : 'central-refused', `central answered ${status} to ${path}`)
}

/**
 * What tuf-js is given to load metadata with. Files of metadata are small: they are held in memory, where its own BaseFetcher
 * would write them to a temporary file, which a sandbox may have no place for, and leave the connection open.
 */
export class MetadataFetcher implements Fetcher {
  /** tuf-js hides errors in sentences of its own: this is the last one that came from fetching. */
  failure: Failure | undefined
  private readonly fetch: Fetch
  private readonly limits: DownloadLimits

  constructor(fetch: Fetch, limits: DownloadLimits) {
    this.fetch = fetch
    this.limits = limits
  }

  async downloadBytes(url: string, mostBytes: number): Promise<Buffer> {
    try {
      return await downloadWhole(this.fetch, new URL(url).pathname.slice(1), mostBytes, this.limits)
    } catch (error) {
      // to tuf-js this means that there is no newer root
      if (error instanceof Missing) throw new DownloadHTTPError(`central has no ${new URL(url).pathname.slice(1)}`, 404)
      if (error instanceof Failure) this.failure = error
      throw error
    }
  }

  /** Targets are loaded by parts.ts, which can resume. */
  downloadFile<T>(): Promise<T> {
    return Promise.reject(new Error('tuf-js loads no targets here'))
  }
}
