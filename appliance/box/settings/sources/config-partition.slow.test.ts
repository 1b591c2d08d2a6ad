// Real FAT images, read and written with real mtools. Whether a code is gone is asked of the image's bytes.
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshCode, makeConfigPartition, putOnPartition, removeFromPartition, testRoot, which } from '../../test-root.ts'
import { configPartition } from './config-partition.ts'

const missing = ['mcopy', 'mshowfat', 'mkfs.fat'].filter(tool => which(tool) === undefined)
const options = missing.length > 0 ? { skip: `not installed: ${missing.join(', ')}` } : {}

const bytesOf = (code: string) => [Buffer.from(code), Buffer.from(code, 'utf16le'), Buffer.from(code.replaceAll('-', ''))]
const holds = (device: string, code: string): boolean => bytesOf(code).some(bytes => readFileSync(device).includes(bytes))

t.test('reads the file under the names that Windows gives it, and tells what is not there apart', options, async t => {
  const box = testRoot(t)
  const { run, paths } = box
  t.same(await configPartition(run, paths.configPartition).read(), { kind: 'absent' })
  const device = makeConfigPartition(box)
  const source = configPartition(run, device)
  t.same(await source.read(), { kind: 'empty' })
  for (const name of ['cyberalarm.conf.txt', 'CYBERALARM.CONF']) {
    putOnPartition(device, name, 'host.name = box\r\n')
    t.match(await source.read(), { kind: 'text', text: 'host.name = box\n', file: /^cyberalarm\.conf/ }, name)
    removeFromPartition(device, name)
  }
})

t.test('wipes a code so that no byte of the partition holds it, and leaves the rest of the file and the other files', options, async t => {
  for (const fat of [12, 16, 32]) {
    const box = testRoot(t)
    const device = makeConfigPartition(box, { fat, megabytes: fat === 32 ? 40 : fat === 16 ? 8 : 2 })
    const code = freshCode()
    const filler = '# a line that fills the clusters of the file\r\n'.repeat(40)
    const text = `${filler}enrolment.code = ${code}\r\n${filler}host.name = box\r\n`
    putOnPartition(device, 'before.txt', 'x'.repeat(3000))
    // what an editor leaves behind: a copy in UTF-16 that was removed, and one in another spelling
    putOnPartition(device, 'old.conf', Buffer.from(`enrolment.code = ${code}`, 'utf16le'))
    putOnPartition(device, 'note.txt', `my code: ${code.replaceAll('-', '').toLowerCase()}\n`)
    putOnPartition(device, 'cyberalarm.conf', text)
    removeFromPartition(device, 'old.conf')
    t.ok(holds(device, code))
    const source = configPartition(box.run, device)
    const reading = await source.read()
    if (reading.kind !== 'text') return t.fail(reading.kind)
    t.equal(await reading.wipe(), '', `FAT${fat}`)
    t.notOk(holds(device, code), 'not on the partition')
    t.notOk(readFileSync(device).includes(code.replaceAll('-', '').toLowerCase()))
    const after = await source.read()
    const expected = text.replaceAll('\r\n', '\n').replace(/^enrolment.*$/m, line => '# enrolment.code was used '.padEnd(line.length, '*'))
    t.match(after, { kind: 'text', text: expected })
    const other = await box.run('mcopy', ['-i', device, '::/before.txt', '-'])
    t.match(other, { kind: 'done', code: 0, out: Buffer.from('x'.repeat(3000)) })
    t.equal(await (after.kind === 'text' ? after.wipe() : 'no text'), '', 'wiping again changes nothing')
  }
})

t.test('wipes a code that lies in two pieces far apart', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  const code = freshCode()
  // clusters of 512 bytes; the third file takes the holes that the first ones leave
  for (let i = 0; i < 20; i++) putOnPartition(device, `hole${i}.txt`, 'h'.repeat(500))
  // all that is free behind them: clusters, less those of the tables and the root folder
  putOnPartition(device, 'end.txt', 'e'.repeat(512 * (4096 - 1 - 2 * 12 - 32 - 20 - 4)))
  for (let i = 0; i < 20; i += 2) removeFromPartition(device, `hole${i}.txt`)
  const before = `# ${'x'.repeat(512 - 2 - 1 - 'enrolment.code = '.length - 9)}\n`
  putOnPartition(device, 'cyberalarm.conf', `${before}enrolment.code = ${code}\n${'# y\n'.repeat(300)}`)
  const source = configPartition(box.run, device)
  const reading = await source.read()
  if (reading.kind !== 'text') return t.fail(reading.kind)
  const shown = await box.run('mshowfat', ['-i', device, '::/cyberalarm.conf'])
  const isInPieces = shown.kind === 'done' && (shown.out.toString().match(/</g) ?? []).length > 1
  t.ok(isInPieces, `the file lies in pieces: ${shown.kind === 'done' ? shown.out : ''}`)
  t.notOk(readFileSync(device).includes(code), 'the code lies nowhere in one piece')
  t.equal(await reading.wipe(), '')
  const image = readFileSync(device).toString('latin1')
  t.notOk(image.includes(code.slice(0, 9)), 'its front is gone')
  t.notOk(image.includes(code.slice(9)), 'its end is gone')
})

t.test('without the tool that says where a file lies, copies are overwritten all the same', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  const code = freshCode()
  putOnPartition(device, 'cyberalarm.conf', `enrolment.code = ${code}\n`)
  rmSync(join(box.root, 'usr/bin/mshowfat'))
  const reading = await configPartition(box.run, device).read()
  t.equal(reading.kind === 'text' ? await reading.wipe() : reading.kind, '')
  t.notOk(holds(device, code))
})

t.test('a tool that names other clusters than the file has makes nobody write there', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  const code = freshCode()
  putOnPartition(device, 'other.txt', 'o'.repeat(400))
  putOnPartition(device, 'cyberalarm.conf', `enrolment.code = ${code}\nhost.name = box\n`)
  rmSync(join(box.root, 'usr/bin/mshowfat'))
  box.put('usr/bin/mshowfat', '#!/bin/sh\necho "::/cyberalarm.conf <2>"\n', 0o755)
  const reading = await configPartition(box.run, device).read()
  t.equal(reading.kind === 'text' ? await reading.wipe() : reading.kind, '')
  t.match(await box.run('mcopy', ['-i', device, '::/other.txt', '-']), { out: Buffer.from('o'.repeat(400)) })
  t.notOk(holds(device, code))
})

t.test('a partition that is no FAT, is damaged or is huge is told, and ends in time', options, async t => {
  const box = testRoot(t)
  const device = makeConfigPartition(box)
  putOnPartition(device, 'cyberalarm.conf', Buffer.alloc(1 << 20, 0x61))
  const source = configPartition(box.run, device)
  t.match(await source.read(), {
    kind: 'fault',
    faults: [{ text: /^cyberalarm\.conf on the partition CYBERALARM cannot be read: mcopy printed more than/ }],
  })
  putOnPartition(device, 'cyberalarm.conf', Buffer.alloc(65_537, 0x61))
  t.match(await source.read(), { kind: 'fault', faults: [{ text: /longer than 64 KiB/ }] })
  putOnPartition(device, 'cyberalarm.conf', Buffer.from([1, 2, 3]))
  t.match(await source.read(), { kind: 'fault', faults: [{ text: /is no text/ }] })

  writeFileSync(device, Buffer.alloc(1 << 20))
  const none = await source.read()
  t.match(none, { kind: 'fault', faults: [{ text: /cannot be read: / }] })
  t.notMatch(JSON.stringify(none), box.root)
  for (let seed = 1; seed <= 40; seed++) {
    const damaged = makeConfigPartition(box, { megabytes: 1 })
    putOnPartition(damaged, 'cyberalarm.conf', `host.name = box\n${'# z\n'.repeat(500)}`)
    const image = readFileSync(damaged)
    // the boot sector, both tables and the root folder
    for (let i = 0; i < 12; i++) image[(seed * 7919 + i * 104_729 + seed * seed * i) % 16_384] = (seed * 31 + i * 17) & 255
    writeFileSync(damaged, image)
    const began = performance.now()
    const reading = await source.read()
    t.ok(['text', 'empty', 'fault'].includes(reading.kind) && performance.now() - began < 10_000, `damaged ${seed}: ${reading.kind}`)
  }
})

t.test('a tool that hangs is ended with its children', async t => {
  const box = testRoot(t)
  box.put('run/cyberalarm-disk/config', 'x')
  rmSync(join(box.root, 'usr/bin/mcopy'))
  symlinkSync('/bin/sleep', join(box.root, 'usr/bin/sleep'))
  box.put('usr/bin/mcopy', '#!/bin/sh\nsleep 60 &\nsleep 60\n', 0o755)
  const began = performance.now()
  const result = await box.run('mcopy', [], { timeoutMs: 300 })
  t.match(result, { kind: 'failed', text: 'mcopy did not end in 0.3 s' })
  t.ok(performance.now() - began < 5000)
})
