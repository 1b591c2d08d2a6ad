// A screen as lines of styled spans, and the bytes that bring a terminal from the last screen to this one: only lines that
// changed are written, nothing is cleared, so nothing flickers. Sequences are those of console_codes(4); 16 colours.
import { drawn } from './text.ts'

/** Select Graphic Rendition, ECMA-48 section 8.3.117. Bright backgrounds are left out: Linux shows some of them blinking. */
const styles = {
  plain: '0',
  bright: '0;1;37',
  dim: '0;1;30',
  label: '0;36',
  good: '0;1;32',
  warn: '0;1;33',
  bad: '0;1;31',
  bar: '0;37;44',
  barBright: '0;1;37;44',
  field: '0;37;44',
  focus: '0;30;47',
} as const

export type Style = keyof typeof styles
export interface Span {
  readonly text: string
  readonly style: Style
}
export type Line = readonly Span[]

export interface Screen {
  readonly lines: readonly Line[]
  /** Where typing goes to, from 0; hidden if there is no such place. */
  readonly cursor?: { readonly row: number; readonly column: number }
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const span = (text: string, style: Style = 'plain'): Span => ({ text, style })
export const widthOf = (line: Line): number => line.reduce((total, { text }) => total + text.length, 0)
export const blank: Line = []

/** `left` and `right` at the two ends of `width` cells; what is on the left gives way. */
export function ends(left: Line, right: Line, width: number, style: Style = 'plain'): Line {
  const room = Math.max(0, width - widthOf(right))
  const kept = clip(left, room)
  return [...kept, span(' '.repeat(room - widthOf(kept)), style), ...clip(right, width)]
}

export function clip(line: Line, width: number): Line {
  let room = width
  return line.flatMap(({ text, style }) => {
    const part = text.slice(0, Math.max(0, room))
    room -= part.length
    return part === '' ? [] : [{ text: part, style }]
  })
}

/** Exactly `columns` cells: a line that is shorter would leave the end of the one before it. */
function encode(line: Line, columns: number): string {
  const parts = clip(line, columns).map(({ text, style }) => `\x1b[${styles[style]}m${drawn(text)}`)
  return `${parts.join('')}\x1b[0m${' '.repeat(columns - Math.min(columns, widthOf(line)))}`
}

/** Off: blank after a while (so that vSphere never shows a black picture), line wrap, cursor. On: UTF-8. */
export function entering(isLinuxConsole: boolean): string {
  return `\x1b%G${isLinuxConsole ? '\x1b[9;0]\x1b[14;0]' : '\x1b[?1049h'}\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J`
}

export function leaving(isLinuxConsole: boolean): string {
  return `\x1b[0m\x1b[?7h\x1b[?25h${isLinuxConsole ? '\x1b[2J\x1b[H' : '\x1b[?1049l'}`
}

export class Painter {
  private shown: string[] = []
  private size: Size = { columns: 0, rows: 0 }
  private cursor = ''

  /** Whatever stands on the terminal now (a message of the kernel, for example): write every line the next time. */
  forget(): void {
    this.shown = []
  }

  /** The bytes to write; empty if nothing changed. */
  paint(screen: Screen, size: Size): string {
    if (size.columns !== this.size.columns || size.rows !== this.size.rows) this.forget()
    this.size = size
    let out = ''
    for (let row = 0; row < size.rows; row++) {
      const text = encode(screen.lines[row] ?? blank, size.columns)
      if (text === this.shown[row]) continue
      this.shown[row] = text
      out += `\x1b[${row + 1};1H${text}`
    }
    const { cursor } = screen
    const place =
      cursor === undefined || cursor.row >= size.rows || cursor.column >= size.columns
        ? '\x1b[?25l'
        : `\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h`
    if (out === '' && place === this.cursor) return ''
    this.cursor = place
    return `\x1b[?25l${out}${place === '\x1b[?25l' ? '' : place}`
  }
}
