// Writes XML as a tree: what is put in is escaped, so a name of a product can't break a descriptor. One element a line,
// because people and older importers read it by line.

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly content: string | readonly XmlElement[]
}

/** One element. `content` is text, or elements; never both, as in all that OVF describes. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  content: string | readonly XmlElement[] = '',
): XmlElement {
  return { name, attributes, content }
}

/** The document with its declaration and a last line feed, UTF-8 once encoded. */
export function formatXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${format(root, '')}`
}

function format({ name, attributes, content }: XmlElement, indent: string): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(String(value))}"`)
  const open = `${indent}<${name}${pairs.join('')}`
  if (content.length === 0) return `${open}/>\n`
  if (typeof content === 'string') return `${open}>${escapeText(content)}</${name}>\n`
  return `${open}>\n${content.map(child => format(child, `${indent}  `)).join('')}${indent}</${name}>\n`
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** XML 1.0 §2.2, Char. */
export const isXmlCharacter = (code: number): boolean =>
  code === 9 ||
  code === 10 ||
  code === 13 ||
  (code >= 32 && code < 0xd800) ||
  (code > 0xdfff && code < 0xfffe) ||
  (code > 0xffff && code < 0x110000)

function escapeText(text: string): string {
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    if (!isXmlCharacter(code)) throw new Error(`XML can't hold the character U+${code.toString(16).padStart(4, '0')}`)
  }
  return text.replace(/[&<>"\t\n\r]/g, letter => escapes[letter])
}
