// What is written can be read again, whatever the text; what a strict importer refuses is refused here too.
import fc from 'fast-check'
import t from 'tap'
import { element, formatXml, isXmlCharacter } from './xml.ts'
import { readXml } from './xml-read.ts'

const text = fc.string({ unit: 'binary' }).filter(one => [...one].every(letter => isXmlCharacter(letter.codePointAt(0) ?? 0)))

t.test('text and attributes come back as they went in', t => {
  fc.assert(
    fc.property(text, text, (inside, value) => {
      const root = readXml(formatXml(element('a:x', { 'xmlns:a': 'urn:a', 'a:k': value, plain: value }, [element('a:y', {}, inside)])))
      t.equal(root.name, '{urn:a}x')
      t.equal(root.attributes.get('{urn:a}k'), value)
      t.equal(root.attributes.get('{}plain'), value)
      t.equal(root.children[0].text, inside)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('refuses to write what XML can not hold', t => {
  for (const letter of ['\0', '\x07', '\x1b', '\ufffe', '\ud800']) t.throws(() => formatXml(element('x', {}, letter)), /can't hold/)
  t.end()
})

t.test('refuses what is not XML with namespaces', t => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /must contain a root element/],
    ['<a>', /unclosed tag: a/],
    ['<a></b>', /unexpected close tag/],
    ['<a/><b/>', /only one root/],
    ['text', /outside of root/],
    ['<a b="1" b="2"/>', /duplicate attribute/],
    ['<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', /duplicate attribute/],
    ['<a b=1/>', /unquoted attribute value/],
    ['<a b="<"/>', /disallowed character/],
    ['<a>&nbsp;</a>', /undefined entity/],
    ['<a>&constructor;</a>', /undefined entity/],
    ['<a>&amp</a>', /not well-formed/],
    ['<a>&#0;</a>', /malformed character entity/],
    ['<a>&#x110000;</a>', /malformed character entity/],
    ['<?xml version="1.1"?><a>&#1;</a>', /malformed character entity/],
    ['<a>\0</a>', /disallowed character/],
    ['<a>]]></a>', /disallowed/],
    ['<p:a/>', /does not declare the namespace prefix "p"/],
    ['<a p:b="1"/>', /does not declare the namespace prefix "p"/],
    ['<a><b xmlns:p="u"/><p:c/></a>', /does not declare the namespace prefix "p"/],
    ['<a>'.repeat(40), /nested deeper/],
    ['<a>'.repeat(300_000), /nested deeper/],
    [`<a>${' '.repeat(1 << 20)}</a>`, /longer than/],
  ]
  for (const [source, why] of refused) {
    t.throws(() => readXml(source), { name: 'Error', message: why }, source.slice(0, 60))
  }
  t.end()
})

t.test('refuses every document type declaration: no entity is defined, expanded or fetched', t => {
  const entities = Array.from({ length: 30 }, (_, i) => `<!ENTITY x${i + 1} "&x${i};&x${i};">`).join('')
  for (const source of [
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    `<!DOCTYPE a [<!ENTITY x0 "lol">${entities}]><a>&x30;</a>`,
  ])
    t.throws(() => readXml(source), { message: /has a document type declaration/ }, source.slice(0, 60))
  t.throws(() => readXml('<a><!DOCTYPE a [<!ENTITY x "y">]>&x;</a>'), { message: /not well-formed/ })
  t.end()
})

t.test('a name goes by its namespace, whatever prefix a document has for it', t => {
  for (const source of ['<a xmlns="u" xmlns:k="v" k:b="1"/>', '<p:a xmlns:p="u" xmlns:q="v" q:b="1"/>']) {
    const { name, attributes } = readXml(source)
    t.strictSame([name, [...attributes]], ['{u}a', [['{v}b', '1']]])
  }
  t.equal(readXml('<p:a xmlns:p="u"><p:b xmlns:p="v"/></p:a>').children[0].name, '{v}b', 'the inner declaration counts')
  t.end()
})

t.test('reads what others write', t => {
  const root = readXml(
    '<?xml version="1.0"?>\r\n<!-- made\nelsewhere -->\n<x xmlns="u" a=\'1\'><!----><y\n/><![CDATA[<&>]]>&#65;&#x42;</x>\n',
  )
  t.strictSame([root.name, root.attributes.get('{}a'), root.text, root.children[0].name], ['{u}x', '1', '<&>AB', '{u}y'])
  t.equal(root.children[0].line, 4)
  t.end()
})
