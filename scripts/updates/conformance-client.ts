// The box's client of updates behind the command line of tuf-conformance (its CLIENT-CLI.md): `make peers` runs that suite against
// it. Metadata is shown to the suite as files, and taken from them, because it changes them as well.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromJson, readState, toJson, writeState } from '../../agent/lib/state-file.ts'
import type { Fetch } from '../../agent/update/fetch.ts'
import { withMetadata } from '../../agent/update/metadata.ts'
import { loadPart } from '../../agent/update/parts.ts'

const text = { type: 'string' } as const
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'metadata-dir': text,
    'metadata-url': text,
    'target-dir': text,
    'target-base-url': text,
    'target-name': { type: 'string', multiple: true },
  },
})
const option = (name: 'metadata-dir' | 'metadata-url' | 'target-dir' | 'target-base-url') => (values[name] ?? '').replace(/\/$/, '')
const [command, trustedRoot] = positionals
const folder = option('metadata-dir')
const root = join(folder, 'installed-root')
const work = join(folder, 'work')
const state = join(work, 'state')

/** Whether the repository of this test puts hashes in front of names; ours always does. */
let hasHashes = true

/** The suite serves plain HTTP. */
const fetchFile: Fetch = async (path, { from = 0, etag = '', signal }) => {
  const [place, ...rest] = path.split('/')
  const base = option(place === 'targets' ? 'target-base-url' : 'metadata-url')
  const headers = from > 0 ? { range: `bytes=${from}-`, 'if-range': etag } : undefined
  const closing = new AbortController()
  const answer = await fetch(
    `${base}/${hasHashes ? rest.join('/') : rest.join('/').replace(/(?:[0-9a-f]{64}|[0-9a-f]{128})\.([^/]*)$/, '$1')}`,
    {
      signal: AbortSignal.any([signal, closing.signal]),
      ...(headers && { headers }),
    },
  )
  async function* read(): AsyncGenerator<Uint8Array> {
    if (answer.body !== null) yield* answer.body
  }
  return { status: answer.status, etag: answer.headers.get('etag') ?? '', stream: read(), close: () => closing.abort() }
}

function takeIn(): void {
  const files = readdirSync(folder).filter(name => name.endsWith('.json'))
  writeState(state, toJson({ files: Object.fromEntries(files.map(name => [name, readFileSync(join(folder, name), 'utf8')])) }))
}

function show(): void {
  const { value } = readState(
    state,
    fromJson(value => value as { readonly files: Readonly<Record<string, string>> }),
  )
  for (const name of readdirSync(folder).filter(name => name.endsWith('.json'))) rmSync(join(folder, name))
  for (const [name, content] of Object.entries(value?.files ?? {})) writeFileSync(join(folder, name), content)
}

try {
  if (command === 'init') {
    for (const path of [root, join(folder, 'root.json')]) cpSync(trustedRoot, path)
    process.exit(0)
  }
  mkdirSync(work, { recursive: true })
  takeIn()
  const options = { fetch: fetchFile, state, root: readFileSync(root), names: /./ }
  try {
    await withMetadata(options, async trusted => {
      hasHashes = trusted.root.consistent_snapshot
      for (const name of command === 'download' ? (values['target-name'] ?? []) : []) {
        const target = await trusted.find(name)
        if (target === undefined) throw new Error(`there is no target ${name}`)
        const path = join(option('target-dir'), encodeURIComponent(name))
        await loadPart(target, { fetch: fetchFile, path, reserveBytes: 0 })
      }
    })
  } finally {
    show()
    rmSync(work, { recursive: true })
  }
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
