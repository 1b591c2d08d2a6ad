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
    ['', /is empty/],
    ['<a>', /not closed/],
    ['<a></b>', /closes what is not open/],
    ['<a/><b/>', /more than one root/],
    ['text', /outside the root/],
    ['<a b="1" b="2"/>', /stands twice/],
    ['<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', /stands twice/],
    ['<a b=1/>', /can't be read/],
    ['<a b="<"/>', /can't be read/],
    ['<a>&nbsp;</a>', /no character reference/],
    ['<a>&amp</a>', /no character reference/],
    ['<a>&#0;</a>', /no character reference/],
    ['<a>&#x110000;</a>', /no character reference/],
    ['<a>\0</a>', /does not know/],
    ['<!DOCTYPE a><a/>', /can't be read/],
    ['<p:a/>', /"p" of p:a is not declared/],
    ['<a p:b="1"/>', /"p" of p:b is not declared/],
    ['<a><b xmlns:p="u"/><p:c/></a>', /not declared/],
    ['<a>'.repeat(40), /nested deeper/],
    [`<a>${' '.repeat(1 << 20)}</a>`, /longer than/],
  ]
  for (const [source, why] of refused) {
    t.throws(() => readXml(source), { message: why })
  }
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
