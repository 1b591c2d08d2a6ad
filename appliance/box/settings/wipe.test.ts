import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshCode } from '../test-root.ts'
import { readMember } from './box-settings.ts'
import { decode } from './text-file.ts'
import { codesIn, wipeSteps } from './wipe.ts'

const textOf = (bytes: Buffer): string => {
  const decoded = decode(bytes)
  if (decoded.kind === 'fault') throw new Error(decoded.fault)
  return decoded.text
}
const last = (bytes: Buffer) => wipeSteps(bytes).at(-1) ?? bytes

const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8': text => Buffer.from(text),
  'UTF-8 with a mark': text => Buffer.from(`\uFEFF${text}`),
  'UTF-16 of Notepad': text => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'UTF-16 without a mark': text => Buffer.from(text, 'utf16le'),
  'UTF-16, big endian': text => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
  'a Windows code page': text => Buffer.from(text, 'latin1'),
}

t.test('reads a text in every encoding, and wipes it without a byte more or less', async t => {
  const code = freshCode()
  for (const [name, encode] of Object.entries(encodings))
    for (const end of ['\n', '\r\n']) {
      const lines = [`enrolment.code = "${code}"  `, '# Büro', 'host.name = box', '']
      const bytes = encode(lines.join(end))
      const before = readMember(textOf(bytes), 'x')
      t.same(before.faults, [], name)
      t.equal(before.values['enrolment.code'], code.replaceAll('-', ''), name)
      t.same(codesIn(bytes), [code], name)
      for (const step of wipeSteps(bytes)) {
        t.equal(step.length, bytes.length, name)
        const after = readMember(textOf(step), 'x')
        t.same(after.faults, [], 'a text that was cut off here reads')
        t.equal(after.values['enrolment.code'], '')
        t.equal(after.values['host.name'], 'box')
        t.notOk(step.includes(encode(code.slice(0, 4)).subarray(-4)), 'nothing of the code is left')
      }
      t.match(textOf(last(bytes)), /^# enrolment\.code was used \*/)
      t.match(textOf(last(bytes)), /Büro\nhost\.name = box/)
      t.same(wipeSteps(last(bytes)), [], 'there is nothing more to wipe')
    }
})

t.test('a wipe that a power cut tore at any byte reads without faults and is finished the next time', async t => {
  const code = freshCode()
  const bytes = Buffer.from(`host.name = box\r\nenrolment.code = ${code}\r\n# end\r\n`)
  const states = [bytes, ...wipeSteps(bytes)]
  for (let step = 1; step < states.length; step++)
    for (let cut = 0; cut <= bytes.length; cut++)
      for (const isFrontFirst of [true, false]) {
        const [front, back] = isFrontFirst ? [states[step], states[step - 1]] : [states[step - 1], states[step]]
        const torn = Buffer.concat([front.subarray(0, cut), back.subarray(cut)])
        const read = readMember(textOf(torn), 'x')
        if (read.faults.length > 0 || read.values['host.name'] !== 'box') t.fail(`torn at ${cut} of step ${step}: ${textOf(torn)}`)
        const mended = textOf(last(torn))
        for (let at = 0; at + 4 <= code.length; at++)
          if (mended.includes(code.slice(at, at + 4)) && !'# enrolment.code was used'.includes(code.slice(at, at + 4)))
            t.fail(`left: ${mended}`)
      }
  t.pass('at no byte')
})

t.test('a code that was commented out is wiped as well, an example and what members wrote is not', async t => {
  const template = readFileSync(join(import.meta.dirname, '../../rootfs/usr/lib/cyberalarm/config/cyberalarm.conf'))
  t.same(wipeSteps(template), [], 'the file that the image brings')
  t.equal(readMember(textOf(template), 'x').stated.size, 0)
  const uncommented = textOf(template).replace(/^#(?=[a-z.]+ = )/gm, '')
  t.match(
    readMember(uncommented, 'x')
      .faults.map(fault => fault.text)
      .join(),
    /enrolment\.code = \(not shown\)/,
  )
  t.equal(readMember(uncommented, 'x').faults.length, 1, 'all examples but the code are good values')
  const old = freshCode()
  const bytes = Buffer.from(`#enrolment.code = ${old}\nenrolment.code = ${freshCode()}\n# see enrolment.code = in the letter\n`)
  t.equal(codesIn(bytes).length, 2)
  t.match(last(bytes).toString(), /^# enrolment.code was used \*+\n# enrolment.code was used \*+\n# see enrolment.code = in the letter\n$/)
})

t.test('refuses what is no text, and says where', async t => {
  t.match(decode(Buffer.from('host.name = a\n\u0000\u0001\n')), { kind: 'fault', fault: /line 2 holds the byte 0/ })
  t.match(decode(Buffer.from('host.name = \u001b[31m')), { kind: 'fault', fault: /byte 27/ })
  t.match(decode(Buffer.alloc(64 * 1024 + 1, 0x61)), { kind: 'fault', fault: /longer than 64 KiB/ })
  t.match(decode(Buffer.alloc(0)), { kind: 'text', text: '' })
  t.match(decode(Buffer.from([0xff, 0xfe, 0x61])), { kind: 'text', text: '' })
})
