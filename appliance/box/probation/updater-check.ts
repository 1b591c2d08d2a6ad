// Whether a release could be replaced by the next one: its own updater reads, from the disk and without a network, what the makers have
// signed. It runs in a unit of its own, as the user of the updater (cyberalarm-trial-updater.service).
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { isErrorWithCode } from '../../../agent/lib/durable-file.ts'
import { toolsBelow } from '../tools.ts'

const UNIT = 'cyberalarm-trial-updater.service'
const TIMEOUT_MS = 60_000
const schema = z.record(z.string().max(100), z.number())

/** Versions of the metadata by role, as the release that runs reads them; undefined if it reads none. */
export async function readMetadata(root: string): Promise<Readonly<Record<string, number>> | undefined> {
  const answer = join(root, 'run/cyberalarm-release/metadata.json')
  rmSync(answer, { force: true })
  await toolsBelow(root)('systemctl', ['start', UNIT], { timeoutMs: TIMEOUT_MS })
  try {
    return schema.safeParse(JSON.parse(readFileSync(answer, 'utf8'))).data
  } catch (error) {
    if (error instanceof SyntaxError || isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}
