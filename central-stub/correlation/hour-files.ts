// Hour files, as the correlator knows them.

export interface HourFile {
  /** UTC, such as 2026-12-01T03. */
  readonly name: string
  readonly startMs: number
}

export const HOUR_MS = 3_600_000
/** Hours since 1970. */
export const fileNumber = ({ startMs }: HourFile): number => Math.floor(startMs / HOUR_MS)
/** The name under which an hour file is attached. */
export const schemaOf = ({ name }: HourFile): string => `h_${name.replaceAll('-', '_')}`
