// Text that came from outside, on its way to a terminal: device and member names, names of rules, errors that quote them. No
// control character (C0, C1, DEL) and none that is unseen or turns the direction of text (Unicode Cf, line separators).

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const unseenButNewLine = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line. */
export const printable = (text: string): string => text.replace(unseen, '?')

/** Several lines of central's own, with words from outside in them. */
export const printableLines = (text: string): string => text.replace(unseenButNewLine, '?')

/** JSON that says the same, with those characters escaped (RFC 8259 section 7). */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(unseen, character =>
    character
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
