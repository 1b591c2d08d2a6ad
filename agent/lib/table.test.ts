import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { agoText, bytesText, grouped, table } from './table.ts'

t.test('columns are as wide as they have to be, numbers stand to the right', async t => {
  t.equal(
    table(
      ['name', 'count', 'rate'],
      [
        ['one', 5, '99.5 %'],
        ['a longer one', 12_345, '-'],
      ],
    ),
    ['name          count    rate', '────────────  ─────  ──────', 'one               5  99.5 %', 'a longer one  12345       -'].join('\n'),
  )
  t.equal(table(['only', 'heads'], []), 'only  heads\n────  ─────')
})

t.test('every cell stands in the same columns of its line, whatever is in it', async t => {
  const cell = fc.stringMatching(/^[a-z0-9,.]{0,12}$/)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }), rows => {
        const lines = table(['first', 'second', 'third'], rows).split('\n')
        const widths = lines[1].split('  ').map(line => line.length)
        assert.equal(lines.length, rows.length + 2)
        rows.forEach((row, i) => {
          let at = 0
          row.forEach((text, column) => {
            assert.equal(lines[i + 2].slice(at, at + widths[column]).trim(), text)
            at += widths[column] + 2
          })
        })
      }),
    ),
  )
})

t.test('writes whole numbers with a mark every three digits', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.maxSafeInteger(), value => assert.equal(grouped(value), value.toLocaleString('en-US')))))
})

t.test('writes bytes in the unit that people would choose', async t => {
  const expected = { 0: '0 B', 1023: '1023 B', 1024: '1.0 KiB', 1572864: '1.5 MiB', [2 ** 30]: '1.0 GiB', [2 ** 43]: '8192.0 GiB' }
  for (const [bytes, text] of Object.entries(expected)) t.equal(bytesText(Number(bytes)), text)
})

t.test('says how long ago, and never that something will have been', async t => {
  const now = Date.parse('2026-11-20T12:00:00Z')
  const ago = (seconds: number) => agoText(new Date(now - seconds * 1000).toISOString(), now)
  t.equal(agoText(null, now), 'never')
  t.same([-60, 0, 119, 120, 7199, 7200, 172_799, 172_800].map(ago), [
    '0 s ago',
    '0 s ago',
    '119 s ago',
    '2 min ago',
    '120 min ago',
    '2 h ago',
    '48 h ago',
    '2 days ago',
  ])
})
