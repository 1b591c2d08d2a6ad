import t from 'tap'
import { clip, ends, Painter, type Screen, span, widthOf } from './screen.ts'

const size = { columns: 10, rows: 3 }

/** Bytes for the terminal, with control characters made visible. */
const paint = (painter: Painter, screen: Screen): string => painter.paint(screen, size).replaceAll('\x1b', '^').replaceAll('\x07', 'BELL')

t.test('writes only lines that changed', async t => {
  const painter = new Painter()
  const first = paint(painter, { lines: [[span('one')], [span('two')]] })
  t.match(first, /\^\[1;1H.*one.*\^\[2;1H.*two.*\^\[3;1H/s)
  t.equal(paint(painter, { lines: [[span('one')], [span('two')]] }), '')
  const second = paint(painter, { lines: [[span('one')], [span('TWO')]] })
  t.match(second, /\^\[2;1H.*TWO/)
  t.notMatch(second, /\[1;1H|\[3;1H/)
  painter.forget()
  t.match(paint(painter, { lines: [[span('one')]] }), /one/)
})

t.test('a line is exactly as long as the screen, so that nothing of the last one stays', async t => {
  const painter = new Painter()
  paint(painter, { lines: [[span('0123456789')]] })
  t.match(paint(painter, { lines: [[span('ab')]] }), /ab\^\[0m {8}/)
  t.match(paint(painter, { lines: [[span('x'.repeat(50))]] }), /mx{10}\^/)
})

t.test('shows the cursor only where there is something to type', async t => {
  const painter = new Painter()
  t.match(paint(painter, { lines: [], cursor: { row: 1, column: 4 } }), /\^\[2;5H\^\[\?25h$/)
  t.match(paint(painter, { lines: [], cursor: { row: 1, column: 5 } }), /\^\[2;6H\^\[\?25h$/)
  t.match(paint(painter, { lines: [] }), /\^\[\?25l/)
  t.notMatch(paint(painter, { lines: [], cursor: { row: 99, column: 0 } }), /\?25h/)
})

t.test('no text becomes a sequence', async t => {
  t.notMatch(paint(new Painter(), { lines: [[span('\x1b[2J\x07')]] }), /\^\[2J|BELL/)
})

t.test('the right end stays where the left one is too long', async t => {
  const line = ends([span('a long title')], [span('12:00')], 10)
  t.equal(line.map(({ text }) => text).join(''), 'a lon12:00')
  t.equal(widthOf(clip([span('abc'), span('def')], 4)), 4)
})
