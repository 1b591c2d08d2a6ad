// Sources that findings are about: every event of such a source at a member of the finding is suspicious, also an allowed one.
import { type DuckDBConnection, DuckDBDataChunk, UHUGEINT, UINTEGER } from '@duckdb/node-api'
import * as z from 'zod'
import type { Reader } from '../register/register.ts'

const existsSchema = z.object({ name: z.string() })
const keySchema = z.object({ source: z.instanceof(Uint8Array), member: z.number() })
const CHUNK_ROWS = 2048

/** The number that arrivals have for the 16 bytes of an address. */
export const addressNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)

/** Makes the table `kept_keys` of this connection. */
export async function loadKeptKeys(connection: DuckDBConnection, register: Reader): Promise<void> {
  await connection.run('CREATE OR REPLACE TEMP TABLE kept_keys (source UHUGEINT, member UINTEGER)')
  const [view] = register.read(existsSchema, "SELECT name FROM sqlite_master WHERE name = 'finding_keys'")
  if (view === undefined) return
  const keys = register.read(keySchema, 'SELECT source, member FROM finding_keys')
  const appender = await connection.createAppender('kept_keys', undefined, 'temp')
  try {
    for (let first = 0; first < keys.length; first += CHUNK_ROWS) {
      const chunk = DuckDBDataChunk.create([UHUGEINT, UINTEGER])
      chunk.setRows(keys.slice(first, first + CHUNK_ROWS).map(({ source, member }) => [addressNumber(source), member]))
      appender.appendDataChunk(chunk)
    }
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
}
