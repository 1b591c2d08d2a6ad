// One DuckDB instance for all of central: the files of the hours are attached to it, and `hot`, which lies in memory. SQL can read and
// write these files and those of `suspect/`, no others; nothing is spilled to the disk, where it would outlive what it was made of.
import { mkdirSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api'
import * as z from 'zod'

const options = {
  threads: '2',
  memory_limit: '2GB',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
}

export type Values = Record<string, DuckDBValue>

/** Of a path or a name inside SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

export async function openInstance(folders: readonly string[]): Promise<{ instance: DuckDBInstance; connection: DuckDBConnection }> {
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const instance = await DuckDBInstance.create(':memory:', options)
  try {
    const connection = await instance.connect()
    await connection.run(`
      SET allowed_directories = [${folders.map(folder => quoted(`${folder}/`)).join(', ')}];
      SET temp_directory = ''; SET enable_external_access = false;
      ATTACH ':memory:' AS hot; CREATE SCHEMA arrivals; SET lock_configuration = true;`)
    return { instance, connection }
  } catch (error) {
    instance.closeSync()
    throw error
  }
}

/** Rows of a query, each checked against a shape. BIGINT comes as bigint, a timestamp as Date. */
export async function rowsOf<T>(connection: DuckDBConnection, shape: z.ZodType<T>, sql: string, values: Values = {}): Promise<T[]> {
  const result = await connection.runAndReadAll(sql, values)
  return z.array(shape).parse(result.getRowObjectsJS())
}

/** False if DuckDB refuses everything from now on: after some errors, a full disk among them, until it is opened again. */
export async function isUsable(connection: DuckDBConnection, catalogs: readonly string[]): Promise<boolean> {
  try {
    for (const catalog of catalogs) await connection.run(`SELECT batch FROM "${catalog}".batches LIMIT 1`)
    return true
  } catch {
    return false // the caller has the error that led here
  }
}
