// What all pages share: a bar above, a bar below, and between them a column of text in the middle of the screen.
import type { Facts } from './facts.ts'
import { blank, clip, ends, type Line, type Screen, type Size, span } from './screen.ts'
import { fit, harmless } from './text.ts'

/** Longer lines are hard to read; a wide screen gets margins. */
const COLUMN_MAX = 108
const MARGIN = 2

/** Rows that the frame takes: bar, blank, blank, bar. */
const FRAME_ROWS = 4

export const columnWidth = ({ columns }: Size): number => Math.max(10, Math.min(COLUMN_MAX, columns - 2 * MARGIN))
export const bodyRows = ({ rows }: Size): number => Math.max(1, rows - FRAME_ROWS)

export interface Body {
  readonly lines: readonly Line[]
  readonly cursor?: { readonly row: number; readonly column: number }
  /** What keys do here: `[N] Network`. */
  readonly keys: readonly (readonly [key: string, does: string])[]
  /** Shown at the right end of the lower bar. */
  readonly note?: string
}

const utcTime = (now: number): string => `${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export function framed(body: Body, facts: Facts, size: Size): Screen {
  const { columns, rows } = size
  const left = Math.floor((columns - columnWidth(size)) / 2)
  const pad = span(' '.repeat(Math.max(0, left)))
  const name = fit(harmless(facts.hostName, 63), Math.max(0, columns - 50))
  const top = ends([span(`  CyberAlarm ${facts.version}`, 'barBright')], [span(`${name}  ${utcTime(facts.now)}  `, 'bar')], columns, 'bar')
  const keys = body.keys.flatMap(([key, does]) => [span(` [${key}]`, 'barBright'), span(` ${does} `, 'bar')])
  const bottom = ends([span(' ', 'bar'), ...keys], [span(body.note === undefined ? '' : `${body.note}  `, 'bar')], columns, 'bar')
  const room = bodyRows(size)
  const width = columnWidth(size)
  const lines = Array.from({ length: room }, (_, row) => [pad, ...clip(body.lines[row] ?? blank, width)])
  const { cursor } = body
  return {
    lines: [top, blank, ...lines, blank, bottom].slice(0, rows),
    ...(cursor === undefined || cursor.row >= room ? {} : { cursor: { row: cursor.row + 2, column: cursor.column + left } }),
  }
}
