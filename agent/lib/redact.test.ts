// No secret in any text: at any place, in any case and encoding that a program may write it in.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { secretsOf, withoutSecrets } from './redact.ts'
import { makeCode } from './typed-code.ts'

const around = fc.constantFrom('', ' ', '\n', '"', "'", '(', 'proxy=', 'at ', ': ', ',', '[', 'ENOTFOUND ', 'uplink.proxy = ')
const code = fc.constant(0).map(() => makeCode(length => randomBytes(length)))

t.test('an enrolment code is hidden wherever it stands and however it is grouped', async t => {
  const form = fc.constantFrom<(text: string) => string>(
    text => text,
    text => text.toLowerCase(),
    text => text.replaceAll('-', ''),
    text => text.replaceAll('-', ' '),
    text => text.replaceAll('-', '_'),
    text => text.replaceAll('-', '.'),
  )
  const property = fc.property(code, form, around, around, (made, spell, before, after) => {
    const text = withoutSecrets(`${before}word ${spell(made)} ${after}`)
    assert.ok(
      !text
        .toUpperCase()
        .replace(/[^0-9A-Z]/g, '')
        .includes(made.replaceAll('-', '').slice(4, 13)),
      text,
    )
  })
  t.doesNotThrow(() => fc.assert(property))
})

/** Marked, so that any part of it is found in any case; the middle may hold what should have been encoded. */
const password = fc
  .array(fc.constantFrom('/', '@', ':', '#', '?', '%', '%2F', ' ', '"', "'", '=', '&', 'x', '9', 'é'), { maxLength: 6 })
  .map(middle => `zqaz${middle.join('')}zqbz`)
  // that is where another address begins
  .filter(text => !/\w:\/\//.test(text))
const holdsPart = (text: string) => /zqaz|zqbz/i.test(text)
const scheme = fc.constantFrom('http://', 'https://', 'htp://', 'HTTP://', '//', 'socks5://')

t.test('a password in an address is hidden, though nobody said that it is one', async t => {
  const property = fc.property(password, scheme, around, around, (secret, start, before, after) => {
    for (const text of [
      `${before}${start}user:${secret}@proxy.example:3128${after}`,
      `${before}${start}${encodeURIComponent('user')}:${encodeURIComponent(secret)}@proxy.example${after}`,
      `${before}${encodeURIComponent(`${start}user:${secret}@proxy.example`)}${after}`,
      `${before}${start}user:${secret}@proxy.example${after}`.toUpperCase(),
    ])
      assert.ok(!holdsPart(withoutSecrets(text)), `${text} -> ${withoutSecrets(text)}`)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

t.test('so it is without a scheme, if it has no blank in it', async t => {
  const property = fc.property(
    password.filter(text => !/\s/.test(text)),
    around,
    (secret, after) => {
      for (const text of [`user:${secret}@proxy.example:3128${after}`, `proxy user:${secret}@proxy${after}`])
        assert.ok(!holdsPart(withoutSecrets(text)), `${text} -> ${withoutSecrets(text)}`)
    },
  )
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

t.test('so is a header with it, and what is called a password', async t => {
  const pair = Buffer.from('user:zqaz secret zqbz').toString('base64')
  for (const text of [
    `Proxy-Authorization: Basic ${pair}`,
    `proxy-authorization: basic ${pair}`,
    `{"proxy-authorization":"Basic ${pair}"}`,
    `sent Basic ${pair} to it`,
    `AUTHORIZATION=BASIC ${pair}`,
  ])
    t.notOk(withoutSecrets(text).includes(pair), text)
  for (const text of ['password=zqaz', 'password: "zqaz zqbz"', "PASSWD='zqaz'", '"pwd":"zqaz"'])
    t.notOk(holdsPart(withoutSecrets(text)), text)
})

t.test('a secret of this box is hidden in any place, alone, encoded, as base64, and in any case', async t => {
  const word = fc.string({ unit: fc.constantFrom('a', 'B', '7', '/', '@', '+', '.', '*', '(', '$'), minLength: 3, maxLength: 12 })
  const property = fc.property(word, around, around, (secret, before, after) => {
    const known = secretsOf(`http://user:${encodeURIComponent(secret)}@proxy.example:3128`)
    const forms = [secret, encodeURIComponent(secret), Buffer.from(`user:${secret}`).toString('base64')]
    for (const form of forms.flatMap(one => [one, one.toUpperCase(), one.toLowerCase()])) {
      const text = withoutSecrets(`${before}${form}${after}`, known)
      const bare = text.replaceAll('(not shown)', '').toLowerCase()
      assert.ok(!bare.includes(form.toLowerCase()), `${form} -> ${text}`)
    }
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
  t.same(secretsOf(''), [])
  t.same(secretsOf('http://proxy.example:3128'), [])
  t.ok(secretsOf('http://user:100%@proxy').includes('100%'), 'what is not encoded as it should be')
})

t.test('what is no secret stays', async t => {
  for (const text of [
    'request to central.example:443 failed: connect ECONNREFUSED 192.0.2.1:443',
    'cyberalarm.conf:12: listening on [::]:514; 2026-11-21T07:44:21Z',
    'Started user@1000.service and getty@tty1.service',
    'the basic settings and the passwords of others',
    'http://proxy.example:3128 answered 407 to CONNECT central.example:443',
    'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  ])
    t.equal(withoutSecrets(text), text)
})

t.test('a known password is hidden as URLs and JSON write it', async t => {
  for (const middle of [' ', '"', '\\', '$', '@', '%40', 'é', '#'])
    for (const other of [' ', '"', "'", '+', '|', '/']) {
      const secret = `zqaz${middle}x${other}zqbz`
      const proxy = `http://user:${secret}@proxy.example:3128`
      const known = secretsOf(proxy)
      const url = URL.parse(proxy)
      for (const text of [
        secret,
        JSON.stringify(secret),
        encodeURIComponent(secret),
        url?.password ?? '',
        JSON.stringify({ deep: JSON.stringify(secret) }),
      ])
        if (!text.includes('\\\\')) t.notOk(holdsPart(withoutSecrets(`failed with ${text} now`, known)), text)
    }
})

t.test('text of a stranger takes no longer than its length', async t => {
  for (const piece of ['/', 'a:', 'a', '//a:', '%2f%2f', 'a%3a', 'ABCD-', 'x://', 'basic ', '@', ':@', 'password='])
    for (const start of ['', '//']) {
      const text = `${start}${piece.repeat(Math.ceil(100_000 / piece.length))}`
      const began = performance.now()
      const shown = withoutSecrets(text, ['zqaz'])
      const took = performance.now() - began
      if (took > 400) t.fail(`${Math.round(took)} ms for ${start}${piece}`)
      t.ok(shown.length < 20_000)
    }
  t.equal(withoutSecrets(`${'word '.repeat(4000)}http://user:zqaz@proxy.example`).includes('zqaz'), false)
})
