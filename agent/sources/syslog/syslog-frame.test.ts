import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { MESSAGE_MAX_BYTES, type Sink } from '../source.ts'
import { FrameReader } from './syslog-frame.ts'

/** Everything a reader delivers, in order: messages as text, refusals as `!reason`, and `closed` where it asks to be closed. */
function listener() {
  const delivered: string[] = []
  const sink: Sink = {
    receivedAtMs: 0,
    deliver: (bytes, start, end) => delivered.push(Buffer.from(bytes).toString('latin1', start, end)),
    refuse: reason => delivered.push(`!${reason}`),
  }
  const reader = new FrameReader(sink, '192.0.2.1')
  return {
    delivered,
    push: (chunk: string | Buffer) => {
      if (!reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)) delivered.push('closed')
    },
    end: (isWhole?: boolean) => reader.end(isWhole),
  }
}

function hear(...chunks: (string | Buffer)[]): string[] {
  const { delivered, push, end } = listener()
  for (const chunk of chunks) if (!delivered.includes('closed')) push(chunk)
  end()
  return delivered
}

const counted = (...messages: string[]): string => messages.map(message => `${message.length} ${message}`).join('')

t.test('cuts lines at LF, CR LF and NUL, and leaves out empty ones', async test => {
  test.same(hear('<1>a\n<2>b\r\n<3>c\0<4>d\0\n\n\r\n\0<5>e\n'), ['<1>a', '<2>b', '<3>c', '<4>d', '<5>e'])
})

t.test('cuts by octet count, newlines in messages included', async test => {
  test.same(hear(counted('<1>a', '<2>b\nmore', '<3>c')), ['<1>a', '<2>b\nmore', '<3>c'])
  test.same(hear(`${counted('<1>a\n')}\n${counted('<2>b')}`), ['<1>a', '<2>b'])
})

t.test('does not need a PRI once the sender has counted', async test => {
  test.same(hear(counted('<1>a', 'date=2026-11-20', '7')), ['<1>a', 'date=2026-11-20', '7'])
})

t.test('delivers the same however the bytes are split', async test => {
  const streams = [
    '<1>a\n<2>bc\r\n\0<3>d',
    `${counted('<1>a', '<2>b\nmore', 'c')}\n${counted('<4>d')}`,
    `${counted('<1>counted')}<2>line\n${counted('<3>counted')}<4>line\n`,
    `<1>line\n${counted('<2>counted', '<3>counted')}<4>line\n12 <5>short\n`,
    '1 2026-11-20 a\n31222 06/01 b\n1,2026/11/20 c\n948077334.88 d\n',
    `${counted('<1>a')}0012 <2>b\n`,
    `${counted('<1>a')}garbage`,
    '123456789 <1>a\n',
    '<1>a\n12345678 <2>b\n1234567 <3>c\n',
    `${counted('<1>a')}99999999 <2>b\n`,
    '9999999',
  ]
  for (const stream of streams) {
    const whole = hear(stream)
    for (let at = 1; at < stream.length; at++) test.same(hear(stream.slice(0, at), stream.slice(at)), whole, `${stream} at ${at}`)
    const single = listener()
    for (const byte of stream) if (!single.delivered.includes('closed')) single.push(byte)
    single.end()
    test.same(single.delivered, whole, `${stream} byte by byte`)
  }
})

t.test('delivers the same in whatever pieces TCP brings it, counts of any length among it', async test => {
  const message = fc.tuple(fc.nat(9), fc.nat(20)).map(([name, more]) => `<14>m${name}${'x'.repeat(more)}`)
  const count = fc.integer({ min: 1, max: 11 }).chain(length => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`)))
  const part = fc.oneof(
    message.map(text => `${text.length} ${text}`),
    message.map(text => `${text}\n`),
    fc.tuple(count, message, fc.constantFrom('', '\n', '\0')).map(([digits, text, end]) => `${digits} ${text}${end}`),
    count,
  )
  const judge = (parts: string[], length: number) => {
    const stream = parts.join('')
    const pieces = Array.from({ length: Math.ceil(stream.length / length) }, (_, i) => stream.slice(i * length, (i + 1) * length))
    const plain = (heard: string[]) => heard.filter(text => text !== 'closed')
    assert.deepEqual(plain(hear(...pieces)), plain(hear(stream)))
  }
  const run = fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 12 }), judge)
  test.doesNotThrow(() => fc.assert(run, { numRuns: 500 }))
})

t.test('survives a sender that mixes both framings', async test => {
  test.same(hear(`${counted('<1>a')}<2>b\n${counted('<3>c', '<4>d')}<5>e\n`), ['<1>a', '<2>b', '<3>c', '<4>d', '<5>e'])
  test.same(hear(`<1>a\n${counted('<2>b', '<3>c')}<4>d\n`), ['<1>a', '<2>b', '<3>c', '<4>d'])
})

t.test('takes lines that begin with digits for lines', async test => {
  const lines = [
    '1,2026/11/20 12:00:01,0123',
    '1 2026-11-20T12:00:01Z gw',
    '948077334.886 MX60 flows',
    '31222 06/01/2026 text',
    '12345',
    '99999999 <1>a',
    '999999999 <1>a',
  ]
  test.same(hear(lines.join('\n')), lines)
  test.same(hear(`<1>first\n${lines.join('\n')}`), ['<1>first', ...lines])
})

t.test('keeps a stray count in a line where the line is shorter than it says', async test => {
  test.same(hear('<1>a\n716 <14>1 x\n0012 <14>1 y\n99999999 <14>1 z\n'), ['<1>a', '716 <14>1 x', '0012 <14>1 y', '99999999 <14>1 z'])
})

t.test('closes on a count that is padded, huge, nothing or no count', async test => {
  for (const wrong of ['0012 <1>a', '0 <1>a']) test.same(hear(`${wrong}\n<2>b\n`), ['!broken-frame', 'closed'], wrong)
  for (const wrong of ['007 <1>abcd', '0 ', '12x<1>a', '12\n<1>a', 'x', ' 4 <1>a', '99999999 <1>a', '-4 <1>a'])
    test.same(hear(`${counted('<1>a')}${wrong}\n<2>b\n`), ['<1>a', '!broken-frame', 'closed'], wrong)
})

t.test('delivers nothing more once it has asked to be closed', async test => {
  const { delivered, push, end } = listener()
  push('0 <1>a')
  push('<2>b\n')
  end()
  test.same(delivered, ['!broken-frame', 'closed', 'closed'])
})

t.test('delivers the last line without its end, and not a counted message cut short', async test => {
  test.same(hear('<1>a\n<2>b'), ['<1>a', '<2>b'])
  test.same(hear('4 <1>a10 <2>'), ['<1>a', '!cut-short'])
  test.same(hear(''), [])
  test.same(hear('\n\n'), [])
})

t.test('a connection that was cut off leaves no half of a message', async test => {
  for (const [stream, heard] of [
    ['<1>a\n<2>b', ['<1>a', '!cut-short']],
    ['<1>a\n', ['<1>a']],
    ['12', ['!cut-short']],
    ['4 <1>a10 <2>', ['<1>a', '!cut-short']],
  ] as const) {
    const sink = listener()
    sink.push(stream)
    sink.end(false)
    test.same(sink.delivered, heard, stream)
  }
})

t.test('refuses a long line once, skips it and goes on', async test => {
  const longest = `<1>${'a'.repeat(MESSAGE_MAX_BYTES - 3)}`
  test.same(hear(`${longest}\n<2>b\n`), [longest, '<2>b'])
  test.same(hear(`${longest}a\n<2>b\n`), ['!oversize', '<2>b'])
  test.same(hear(longest.slice(0, 9), longest.slice(9), '\n<2>b\n'), [longest, '<2>b'])
  test.same(hear(longest.slice(0, 9), longest.slice(9), 'a', 'a\n<2>b\n'), ['!oversize', '<2>b'])
  test.same(hear(longest, 'aaa'), ['!oversize'])
})

t.test('refuses a long counted message once, skips exactly its length and goes on', async test => {
  const long = `<1>${'\n'.repeat(MESSAGE_MAX_BYTES)}`
  test.same(hear(counted('<0>x', long, '<2>b')), ['<0>x', '!oversize', '<2>b'])
  const stream = counted(long, '<2>b')
  test.same(hear(stream.slice(0, 4), stream.slice(4, 1000), stream.slice(1000)), ['!oversize', '<2>b'])
})

t.test('holds no more than one message of a line of 10 MB', async test => {
  const { delivered, push } = listener()
  const chunk = Buffer.alloc(65536, 0x61)
  push('<1>')
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 160; i++) push(chunk)
  test.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  push('\n<2>b\n')
  test.same(delivered, ['!oversize', '<2>b'])
})

t.test('delivers from the chunk what is whole in it', async test => {
  const chunk = Buffer.from(`<1>a\n<2>b\n${counted('<3>c')}`)
  const seen: unknown[] = []
  const reader = new FrameReader(
    { receivedAtMs: 0, deliver: (bytes, start, end) => seen.push([bytes === chunk, start, end]), refuse: reason => test.fail(reason) },
    '',
  )
  reader.push(chunk)
  test.same(seen, [
    [true, 0, 4],
    [true, 5, 9],
    [true, 12, 16],
  ])
})

t.test('keeps bytes as they are, UTF-8 or not', async test => {
  const message = `<1>${String.fromCharCode(0xff, 0xfe, 0xc3, 0x28, 0x80)}`
  test.same(hear(`${message}\n`), [message])
  test.same(hear(counted(message)), [message])
})

t.test('takes time in proportion to length: delimiters of one kind are no trap', async test => {
  for (const filling of ['\0', '\n', 'a\0', 'a\n', 'a\r\n\0', '1 <a\0', '4 <1>a', '<']) {
    const chunk = Buffer.from(filling.repeat(1_000_000 / filling.length))
    const reader = new FrameReader({ receivedAtMs: 0, deliver: () => undefined, refuse: () => undefined }, '')
    const from = process.hrtime.bigint()
    reader.push(chunk)
    test.ok(process.hrtime.bigint() - from < 1_000_000_000n, JSON.stringify(filling))
  }
})
