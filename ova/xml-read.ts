// Reads XML the way a strict importer does: names with their namespace resolved, an undeclared prefix or a loose end is an
// error. No DTD, no entities but the five of XML 1.0, bounded size and depth: a descriptor needs no more.

import { isXmlCharacter } from './xml.ts'

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
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
const WORD = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?'
const token = new RegExp(
  `<\\?xml[^?]*\\?>|<!--(?:[^-]|-[^-])*-->|<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|</(${WORD})\\s*>|<(${WORD})((?:\\s+${WORD}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>|([^<]+)`,
  'y',
)
const attribute = new RegExp(`(${WORD})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g')

interface Open {
  readonly tag: string
  readonly name: string
  readonly attributes: Map<string, string>
  readonly children: XmlNode[]
  readonly line: number
  readonly scope: ReadonlyMap<string, string>
  text: string
}

/** The root element. Throws XmlError. */
export function readXml(source: string): XmlNode {
  if (source.length > MAX_CHARACTERS) throw new XmlError(`is longer than ${MAX_CHARACTERS} characters`, 1)
  for (const letter of source) {
    if (!isXmlCharacter(letter.codePointAt(0) ?? 0)) throw new XmlError('holds a character that XML does not know', 1)
  }
  const open: Open[] = []
  let root: XmlNode | undefined
  let at = 0
  let line = 1
  const close = (): void => {
    const { name, attributes, children, text, line: from } = open.pop() as Open
    const node = { name, attributes, children, text, line: from }
    if (open.length > 0) open[open.length - 1].children.push(node)
    else root = node
  }
  while (at < source.length) {
    token.lastIndex = at
    const found = token.exec(source)
    if (found === null) throw new XmlError(`can't be read at ${JSON.stringify(source.slice(at, at + 40))}`, line)
    const [whole, raw, ended, started, words, empty, text] = found
    const top = open[open.length - 1]
    if (ended !== undefined) {
      if (top?.tag !== ended) throw new XmlError(`</${ended}> closes what is not open`, line)
      close()
    } else if (started !== undefined) {
      if (root !== undefined) throw new XmlError('has more than one root element', line)
      if (open.length >= MAX_DEPTH) throw new XmlError(`is nested deeper than ${MAX_DEPTH}`, line)
      open.push(start(started, words, top?.scope ?? new Map([['xml', XML_NAMESPACE]]), line))
      if (empty === '/') close()
    } else if (top !== undefined) top.text += raw ?? (text === undefined ? '' : resolveReferences(text, line))
    else if (text !== undefined && text.trim() !== '') throw new XmlError('has text outside the root element', line)
    line += whole.split('\n').length - 1
    at += whole.length
  }
  if (root === undefined) throw new XmlError(open.length > 0 ? `<${open[open.length - 1].tag}> is not closed` : 'is empty', line)
  return root
}

function start(tag: string, words: string, outer: ReadonlyMap<string, string>, line: number): Open {
  const pairs = [...words.matchAll(attribute)].map(([, name, double, single]) => [name, resolveReferences(double ?? single, line)] as const)
  const scope = new Map(outer)
  for (const [name, value] of pairs) {
    if (name === 'xmlns') scope.set('', value)
    else if (name.startsWith('xmlns:')) scope.set(name.slice(6), value)
  }
  const resolve = (name: string, fallback: string): string => {
    const colon = name.indexOf(':')
    if (colon < 0) return `{${fallback}}${name}`
    const namespace = scope.get(name.slice(0, colon))
    if (namespace === undefined) throw new XmlError(`namespace prefix "${name.slice(0, colon)}" of ${name} is not declared`, line, true)
    return `{${namespace}}${name.slice(colon + 1)}`
  }
  const attributes = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    const resolved = resolve(name, '')
    if (attributes.has(resolved)) throw new XmlError(`attribute ${name} stands twice in <${tag}>`, line)
    attributes.set(resolved, value)
  }
  return { tag, name: resolve(tag, scope.get('') ?? ''), attributes, children: [], line, scope, text: '' }
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolveReferences(text: string, line: number): string {
  return text.replace(/&([^;]{0,10});?/g, (whole, name: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name)
    const code = Number.parseInt(number?.[1] ?? number?.[2] ?? '', number?.[1] === undefined ? 10 : 16)
    const letter = isXmlCharacter(code) ? String.fromCodePoint(code) : named[name]
    if (letter === undefined || !whole.endsWith(';')) throw new XmlError(`${whole} is no character reference of XML`, line)
    return letter
  })
}
