// Bytes of a terminal to keys. A sequence that is not known is swallowed whole, control characters mean nothing (the terminal
// is raw: Ctrl-C, Ctrl-Z and Ctrl-\ are bytes like others), and nothing is kept that could grow.
import { StringDecoder } from 'node:string_decoder'

export type Key = { readonly kind: 'text'; readonly text: string } | { readonly kind: NamedKey }

export type NamedKey =
  | 'enter'
  | 'escape'
  | 'tab'
  | 'backtab'
  | 'backspace'
  | 'delete'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page-up'
  | 'page-down'
  | 'redraw'

/** After this long an ESC that nothing followed was the key; a terminal sends a whole sequence at once. */
export const ESCAPE_MS = 60
const PARAMETERS_MAX = 32
const STRING_MAX = 4096

const controls: Readonly<Record<string, NamedKey>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\x0c': 'redraw',
}
/** Final bytes of control sequences (ECMA-48 section 5.4) and of SS3. */
const finals: Readonly<Record<string, NamedKey>> = { A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end', Z: 'backtab' }
/** `ESC [ n ~` as the Linux console and VT220 send it. */
const numbered: Readonly<Record<string, NamedKey>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
}

type Place = 'ground' | 'escape' | 'sequence' | 'one-more' | 'string' | 'string-escape'

export class KeyReader {
  private readonly decoder = new StringDecoder('utf8')
  private place: Place = 'ground'
  private parameters = ''
  private length = 0

  /** True while an ESC waits for what follows it: call `flush` after ESCAPE_MS. */
  get isWaiting(): boolean {
    return this.place !== 'ground'
  }

  feed(bytes: Uint8Array): Key[] {
    const keys: Key[] = []
    for (const glyph of this.decoder.write(Buffer.from(bytes))) this.take(glyph, keys)
    return keys
  }

  /** Nothing more came: a lone ESC is the key, half a sequence is nothing. */
  flush(): Key[] {
    const wasEscape = this.place === 'escape'
    this.place = 'ground'
    return wasEscape ? [{ kind: 'escape' }] : []
  }

  private take(glyph: string, keys: Key[]): void {
    switch (this.place) {
      case 'ground':
        if (glyph === '\x1b') this.place = 'escape'
        else if (glyph === '\x9b') this.begin()
        else if (glyph in controls) keys.push({ kind: controls[glyph] })
        else if (!/[\p{Cc}\p{Cf}\p{Cs}\ufffd]/u.test(glyph)) keys.push({ kind: 'text', text: glyph })
        return
      case 'escape':
        if (glyph === '[' || glyph === 'O') this.begin()
        else if (']P_^X'.includes(glyph)) {
          this.place = 'string'
          this.length = 0
        } else if (glyph === '\x1b') keys.push({ kind: 'escape' })
        else this.place = 'ground'
        return
      case 'sequence':
        // the Linux console sends ESC [ [ A for F1
        if (glyph === '[' && this.parameters === '') this.place = 'one-more'
        else if (glyph >= ' ' && glyph <= '?' && this.parameters.length < PARAMETERS_MAX) this.parameters += glyph
        else this.finish(glyph, keys)
        return
      case 'one-more':
        this.place = 'ground'
        return
      case 'string':
        this.length++
        if (glyph === '\x1b') this.place = 'string-escape'
        else if (glyph === '\x07' || this.length > STRING_MAX) this.place = 'ground'
        return
      case 'string-escape':
        this.place = glyph === '\\' ? 'ground' : 'string'
        return
    }
  }

  private begin(): void {
    this.place = 'sequence'
    this.parameters = ''
  }

  private finish(glyph: string, keys: Key[]): void {
    this.place = glyph === '\x1b' ? 'escape' : 'ground'
    const kind = glyph === '~' ? numbered[this.parameters.split(';')[0]] : finals[glyph]
    if (kind !== undefined) keys.push({ kind })
  }
}
