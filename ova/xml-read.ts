// Reads XML the way a strict importer does: names with their namespace resolved, an undeclared prefix or a loose end is an
// error. No DTD, no entities but the five of XML 1.0, bounded size and depth: a descriptor needs no more.
import { type SaxesAttributeNS, SaxesParser } from 'saxes'

export interface XmlNode {
  /** `{namespace}local` */
  readonly name: string
  /** By `{namespace}local`; attributes without prefix are in no namespace: `{}local`. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlNode[]
  readonly text: string
  readonly line: number
}

export class XmlError extends Error {
  readonly line: number
  readonly undeclaredPrefix: boolean
  constructor(message: string, line: number, undeclaredPrefix = false) {
    super(message)
    this.line = line
    this.undeclaredPrefix = undeclaredPrefix
  }
}

const MAX_CHARACTERS = 1 << 20
const MAX_DEPTH = 32

interface Open extends XmlNode {
  readonly children: XmlNode[]
  text: string
}

/** The root element. Throws XmlError. */
export function readXml(source: string): XmlNode {
  if (source.length > MAX_CHARACTERS) throw new XmlError(`is longer than ${MAX_CHARACTERS} characters`, 1)
  const open: Open[] = []
  const lines: number[] = []
  let root: XmlNode | undefined
  const refuse = (what: string, undeclaredPrefix = false): never => {
    throw new XmlError(what, parser.line, undeclaredPrefix)
  }
  const addText = (text: string): void => {
    const top = open.at(-1)
    if (top !== undefined) top.text += text
  }
  const parser = new SaxesParser({
    xmlns: true,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
    // without the position in front of each message
    position: false,
    // asked only for what the document does not declare
    resolvePrefix: (prefix: string) => (prefix === '' ? '' : refuse(`does not declare the namespace prefix "${prefix}"`, true)),
  })
  parser.on('error', error => refuse(`is not well-formed: ${error.message.replace(/\.$/, '')}`))
  parser.on('doctype', () => refuse('has a document type declaration, which is not taken'))
  parser.on('opentagstart', () => {
    if (lines.length >= MAX_DEPTH) refuse(`is nested deeper than ${MAX_DEPTH}`)
    // the letter behind the name has been read already
    lines.push(parser.line - (/[\r\n]/.test(source.charAt(parser.position - 1)) ? 1 : 0))
  })
  parser.on('opentag', ({ uri, local, attributes }) => {
    const line = lines[open.length]
    open.push({ name: `{${uri}}${local}`, attributes: byName(Object.values(attributes)), children: [], text: '', line })
  })
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    lines.pop()
    const node = open.pop()
    if (open.length > 0 && node !== undefined) open[open.length - 1].children.push(node)
    else root = node
  })
  parser.write(source).close()
  return root ?? refuse('is empty')
}

const byName = (attributes: readonly SaxesAttributeNS[]): ReadonlyMap<string, string> =>
  new Map(
    attributes
      .filter(({ name, prefix }) => name !== 'xmlns' && prefix !== 'xmlns')
      .map(({ uri, local, value }) => [`{${uri}}${local}`, value] as const),
  )
