import fc from 'fast-check'
import t from 'tap'
import { KeyReader } from './keys.ts'

const read = (text: string, reader = new KeyReader()): string =>
  [...reader.feed(Buffer.from(text)), ...reader.flush()].map(key => (key.kind === 'text' ? key.text : `<${key.kind}>`)).join('')

t.test('keys as the Linux console and tmux send them', async t => {
  t.equal(read('\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA'), '<up><down><right><left><up>')
  t.equal(read('\x1b[1~\x1b[4~\x1b[H\x1b[F\x1b[5~\x1b[6~\x1b[3~\x1b[Z'), '<home><end><home><end><page-up><page-down><delete><backtab>')
  t.equal(read('a\r\t\x7f\b\x0c'), 'a<enter><tab><backspace><backspace><redraw>')
  t.equal(read('\x1b'), '<escape>')
  t.equal(read('é'), 'é')
})

t.test('control characters mean nothing', async t => {
  t.equal(read('\x03\x1a\x1c\x04\x11\x13\x00\x16\x12'), '')
})

t.test('sequences that are not known are swallowed whole', async t => {
  t.equal(read('\x1b[[A\x1b[15~\x1b[1;5Px\x1bn\x1b]0;title\x07y\x1bPdata\x1b\\z\x1b[200~\x1b[?1;2c'), 'xyz')
})

t.test('an answer of a terminal that was cut into pieces does not become text', async t => {
  const reader = new KeyReader()
  t.same(reader.feed(Buffer.from('\x1b')), [])
  t.ok(reader.isWaiting)
  t.same(reader.feed(Buffer.from('[')), [])
  t.same(reader.feed(Buffer.from('A')), [{ kind: 'up' }])
  t.notOk(reader.isWaiting)
  const half = Buffer.from('é')
  t.same(reader.feed(half.subarray(0, 1)), [])
  t.same(reader.feed(half.subarray(1)), [{ kind: 'text', text: 'é' }])
})

t.test('a sequence without end neither grows nor keeps keys for ever', async t => {
  const reader = new KeyReader()
  reader.feed(Buffer.from(`\x1b]${'x'.repeat(100_000)}`))
  t.equal(read('n', reader), 'n')
  reader.feed(Buffer.from('\x1b['))
  reader.flush()
  t.equal(read('n', reader), 'n')
})

t.test('garbage gives keys of the table and nothing else', async t => {
  const kinds = /^(text|enter|escape|tab|backtab|backspace|delete|up|down|left|right|home|end|page-up|page-down|redraw)$/
  const any = fc.property(fc.uint8Array({ maxLength: 500 }), bytes =>
    new KeyReader().feed(bytes).every(key => kinds.test(key.kind) && (key.kind !== 'text' || /^[^\p{Cc}]$/u.test(key.text))),
  )
  t.doesNotThrow(() => fc.assert(any))
})
