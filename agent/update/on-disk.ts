// What this release can read of the metadata that is kept on the disk, without a network: whether it could learn of the next release at
// all (decision 0029). The files are verified exactly as if central had just sent them.
import { Failure } from '../errors.ts'
import { fromJson, readState } from '../lib/state-file.ts'
import type { Fetch } from './fetch.ts'
import { keptFiles, type MetadataOptions, withMetadata } from './metadata.ts'

const NOT_FOUND = 404

/** Version of each role's file, by role. Failure 'update-none' if nothing is kept, or why what is kept cannot be used. */
export async function readKept(options: Omit<MetadataOptions, 'fetch'>): Promise<Readonly<Record<string, number>>> {
  const { value: files } = readState(options.state, fromJson(keptFiles))
  if (files === undefined) throw new Failure('update-none', `there is no metadata of updates in ${options.state}`)
  // central names a file by its version, `3.targets.json`; on the disk each role has one
  const fetch: Fetch = async path => {
    const name = path.replace(/^metadata\//, '').replace(/^\d+\./, '')
    const isRoot = name === 'root.json'
    const body = isRoot ? undefined : files[name]
    return { status: body === undefined ? NOT_FOUND : 200, etag: '', stream: streamOf(body ?? ''), close: () => undefined }
  }
  await withMetadata({ ...options, fetch }, async () => undefined)
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name.replace(/\.json$/, ''), versionOf(text)]))
}

async function* streamOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

function versionOf(text: string): number {
  const { signed } = JSON.parse(text) as { signed: { version: number } }
  return signed.version
}
