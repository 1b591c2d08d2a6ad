import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { readCode } from './read-code.ts'

t.test('the first line is the code, in however many pieces it comes', async t => {
  t.equal(await readCode(Readable.from([Buffer.from('3M7A-'), Buffer.from('XXXX\r\nmore\n')])), '3M7A-XXXX')
  t.equal(await readCode(Readable.from([Buffer.from('3M7A')])), '3M7A', 'without a line break')
  t.equal(await readCode(Readable.from([])), '', 'nothing')
})

t.test('does not wait for the end after a line, nor reads on without one', async t => {
  const open = new PassThrough()
  open.write('3M7A\n')
  t.equal(await readCode(open), '3M7A')
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1000, 'x')
    })(),
  )
  t.equal((await readCode(endless)).length, 200)
})
