// The files of the hours on the disk and in DuckDB: made as a draft, attached, detached, removed.
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { removeIfThere, syncFolder } from '../../agent/lib/durable-file.ts'
import { catalogOf, fileOf, type HourName, hourOfFile } from './hours.ts'
import { quoted } from './instance.ts'
import { hourTables } from './schema.ts'

/** Beside a file that could not be opened and whose name was needed; it goes with its hour. */
const DAMAGED = '.damaged'

/** Hours that have a file, damaged or not, the oldest first. */
export function hoursIn(folder: string): HourName[] {
  const names = readdirSync(folder).map(file => hourOfFile(file.replace(/\.damaged$/, '')))
  return [...new Set(names.filter(name => name !== undefined))].sort()
}

export const pathOf = (folder: string, name: HourName): string => join(folder, fileOf(name))

export async function attach(connection: DuckDBConnection, folder: string, name: HourName): Promise<void> {
  await connection.run(`ATTACH ${quoted(pathOf(folder, name))} AS "${catalogOf(name)}"`)
}

/** A file with its tables, which has its name when all of it is on the disk. One that is in the way is kept as damaged. */
export async function makeHour(connection: DuckDBConnection, folder: string, name: HourName): Promise<void> {
  const path = pathOf(folder, name)
  const draft = `${path}.draft`
  for (const leftover of [draft, `${draft}.wal`]) rmSync(leftover, { force: true })
  await connection.run(`ATTACH ${quoted(draft)} AS draft`)
  try {
    await connection.run(`BEGIN TRANSACTION; ${hourTables('draft')} COMMIT; CHECKPOINT draft;`)
  } finally {
    await connection.run('DETACH draft')
  }
  const file = openSync(draft, 'r')
  fsyncSync(file)
  closeSync(file)
  if (existsSync(path)) setAside(path)
  renameSync(draft, path)
  syncFolder(folder)
}

/** The old file has no log, and is detached by `detach` once the new one is whole and on the disk. */
export async function replaceHour(
  folder: string,
  name: HourName,
  write: (draft: string) => Promise<void>,
  detach: () => Promise<void>,
): Promise<void> {
  const path = pathOf(folder, name)
  const draft = `${path}.draft`
  for (const leftover of [draft, `${draft}.wal`]) rmSync(leftover, { force: true })
  await write(draft)
  const file = openSync(draft, 'r')
  fsyncSync(file)
  closeSync(file)
  await detach()
  removeIfThere(`${path}.wal`)
  renameSync(draft, path)
  syncFolder(folder)
}

function setAside(path: string): void {
  if (existsSync(`${path}.wal`)) renameSync(`${path}.wal`, `${path}.wal${DAMAGED}`)
  renameSync(path, `${path}${DAMAGED}`)
}

/** Of a file that is not attached any more. Its log first, so that none is ever left without its file. */
export function removeHour(folder: string, name: HourName): void {
  const path = pathOf(folder, name)
  for (const part of [`${path}.wal`, path]) for (const file of [`${part}${DAMAGED}`, part]) removeIfThere(file)
  syncFolder(folder)
}

/** Drafts are of no use to anybody. */
export function removeDrafts(folder: string): void {
  for (const file of readdirSync(folder)) if (/\.draft(\.wal)?$/.test(file)) rmSync(join(folder, file), { force: true })
}
