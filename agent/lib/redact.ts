// Takes secrets out of text that is shown, logged or handed on: enrolment codes, and passwords of proxies. The one function for
// diagnostics, faults and logs. Where a text may be a secret or not, it is taken for one.
import { normaliseCode } from './typed-code.ts'

const HIDDEN = '(not shown)'

/** What may be a code, in groups or not. In a look-ahead, because a match that is none may begin in front of one. */
const maybeCode = /(?<![0-9A-Za-z])(?=([0-9A-Za-z*]{4}(?:[ ._-]?[0-9A-Za-z*]{4}){3}[ ._-]?[0-9A-Za-z*])(?![0-9A-Za-z]))/g

/**
 * How much text is looked at; what is behind it is left out. Every part of a pattern has a limit too, above those of the settings: text of
 * a stranger must not take longer than its length.
 */
const TEXT_MAX = 16_384

/** Of RFC 3986's `scheme://user:password@host`, also percent-encoded, and whatever a password holds that should have been encoded. */
const credentials: readonly (readonly [RegExp, string])[] = [
  // behind a scheme, with blanks in the password, up to the next address; or without a scheme, when a part may be hidden already.
  // In one pattern, because what begins further to the left is the whole
  [
    /((?:\w{1,20}:)?\/\/)[^\s:@/]{1,300}:(?:(?!\w:\/\/)[^\n]){0,200}@|((?:\w{1,20}:)?(?:\/\/|%2f%2f))?[^\s:@"'(<=,;/]{1,300}(?::(?!\/\/)|%3a(?!%2f%2f))(?:\(not shown\)|\S){0,800}(?:@|%40)/gi,
    `$1$2${HIDDEN}@`,
  ],
  [/(\/\/|%2f%2f)\S{0,1000}(?:@|%40)/gi, `$1${HIDDEN}@`],
  // RFC 9110 section 11.6.2, and RFC 7617
  [/(authorization["']?\s*[:=]\s*["']?)[^\n"']*/gi, `$1${HIDDEN}`],
  [/\b([Bb]asic|BASIC)\s+(?=[a-z+/]*[0-9A-Z=])[A-Za-z0-9+/]{4,}={0,2}/g, `$1 ${HIDDEN}`],
  [/\b((?:password|passwd|pwd)["']?\s*[=:]\s*)(?:"[^"\n]*"|'[^'\n]*'|\S+)/gi, `$1${HIDDEN}`],
]

/** `known`: secrets of this box that the text may hold in any place, as `secretsOf` gives them. */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  const plain = known.reduce((left, secret) => left.replace(new RegExp(literal(secret), 'gi'), HIDDEN), text)
  return credentials.reduce((left, [pattern, shown]) => left.replace(pattern, shown), withoutCodes(shortened(plain)))
}

/** Up to the last blank: a word that is cut may be a secret that nothing shows any more. */
function shortened(text: string): string {
  if (text.length <= TEXT_MAX) return text
  let end = TEXT_MAX
  while (end > 0 && !/\s/.test(text[end])) end--
  return `${text.slice(0, end)}...`
}

function withoutCodes(text: string): string {
  let result = ''
  let from = 0
  for (const { index, 1: found } of text.matchAll(maybeCode)) {
    if (index < from || normaliseCode(found.replace(/[._]/g, '')) === undefined) continue
    result += text.slice(from, index) + HIDDEN
    from = index + found.length
  }
  return result + text.slice(from)
}

/** A pattern that matches this text and nothing else. */
export const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Shorter ones would tear every text apart. */
const SECRET_MIN = 3

/** The password in the address of a proxy in each form that a text may hold it in; the longest first, which hold the others. */
export function secretsOf(proxy: string): string[] {
  const end = proxy.lastIndexOf('@')
  if (end < 0) return []
  const written = proxy.slice(0, end).replace(/^\w*:?\/\//, '')
  const at = written.indexOf(':')
  const [user, password] = at < 0 ? [written, written] : [written.slice(0, at), written.slice(at + 1)]
  const pair = `${decoded(user)}:${decoded(password)}`
  const plain = [pair, written, password, decoded(password), encodeURIComponent(password), encodeURIComponent(decoded(password))]
  // as the address of a URL has it, and as JSON writes any of them
  const all = [...plain, ...asInUrl(proxy), Buffer.from(pair).toString('base64')]
  return [...new Set(all.flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1)]))]
    .filter(secret => secret.length >= SECRET_MIN)
    .sort((a, b) => b.length - a.length)
}

function asInUrl(proxy: string): string[] {
  const url = URL.parse(proxy)
  return url === null || url.username === '' ? [] : [url.password, `${url.username}:${url.password}`]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // not percent-encoded, then
  }
}
