// Hours of arrival, by which events lie on the disk: their names, their files, and what DuckDB calls them. Pure.

const HOUR_MS = 3_600_000

/** `2026-12-01T03`, UTC. */
export type HourName = string

const form = /^(\d{4}-\d{2}-\d{2}T\d{2})\.duckdb$/

export const hourOf = (ms: number): HourName => new Date(ms).toISOString().slice(0, 13)

export const startOf = (name: HourName): number => Date.parse(`${name}:00:00Z`)
export const endOf = (name: HourName): number => startOf(name) + HOUR_MS

export const fileOf = (name: HourName): string => `${name}.duckdb`

/** The hour of a file in `arrivals/`; undefined for anything else, a draft for example. */
export function hourOfFile(file: string): HourName | undefined {
  const name = form.exec(file)?.[1]
  return name !== undefined && !Number.isNaN(startOf(name)) && hourOf(startOf(name)) === name ? name : undefined
}

/** Under which the file of an hour is attached. */
export const catalogOf = (name: HourName): string => `h_${name.replaceAll('-', '_')}`
