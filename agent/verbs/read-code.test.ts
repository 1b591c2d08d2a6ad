import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { codeFrom, readCode } from './read-code.ts'

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

t.test('without an argument it is read from standard input, and an argument is wiped where ps reads it', async t => {
  t.equal(await codeFrom(Readable.from([Buffer.from('3M7A\n')]), undefined), '3M7A')
  t.equal(await codeFrom(Readable.from([Buffer.from('3M7A\n')]), '-'), '3M7A')
  const source = `import { codeFrom } from ${JSON.stringify(join(import.meta.dirname, 'read-code.ts'))}
    await codeFrom(process.stdin, process.argv[1])
    console.log(readFileSync('/proc/self/cmdline', 'latin1'))`
  const words = ['--input-type=module', '-e', `import { readFileSync } from 'node:fs'\n${source}`, '3M7A-SECRET']
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', env: {} })
  t.equal(status, 0)
  t.match(stdout, /^cyberalarm enrol/)
  t.notMatch(stdout, /SECRET/)
})
