// Environments as vSphere writes them, on real discs and behind an executable that answers as vmware-rpctool does; and hostile ones.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environmentOf, freshCode, makeDisc, makeRpcTool, testRoot, which } from '../../test-root.ts'
import { guestinfoSource } from './guestinfo.ts'
import { ovfSource } from './ovf.ts'
import { ENVIRONMENT_MAX_CHARACTERS, readEnvironment } from './ovf-environment.ts'

const withIso = which('genisoimage') === undefined ? { skip: 'not installed: genisoimage' } : {}

t.test('reads the variable of the guest, and takes the code out of it', async t => {
  const box = testRoot(t)
  const code = freshCode()
  const source = environmentOf({ 'enrolment-code': code, 'member-networks': '198.51.100.0/24', 'vami-DNS0': '192.0.2.53', 'host-name': '' })
  const guest = makeRpcTool(box, { 'guestinfo.ovfEnv': source })
  const reading = await ovfSource(box.run, box.paths.devices).read()
  t.match(reading, { kind: 'text', text: `enrolment.code = ${code}\nmember.networks = 198.51.100.0/24\nhost.name = \n` })
  t.equal(reading.kind === 'text' ? await reading.wipe() : '?', '')
  const after = readFileSync(join(guest, 'guestinfo.ovfEnv'), 'utf8')
  t.equal(after, source.replace(code, '').trim(), 'all else is as it was')
  t.notOk(readFileSync(join(guest, 'calls'), 'utf8').includes(code), 'the code is on no command line')
})

t.test('reads a disc, in every way that names are written on one, and says that it cannot be wiped', withIso, async t => {
  for (const words of [['-J', '-r'], ['-r'], ['-J'], [], ['-iso-level', '3', '-relaxed-filenames', '-allow-lowercase'], ['-udf', '-J']]) {
    const box = testRoot(t)
    makeDisc(box, 'ovf-env.xml', environmentOf({ 'host-name': 'box' }), words)
    const reading = await ovfSource(box.run, box.paths.devices).read()
    t.match(reading, { kind: 'text', text: 'host.name = box\n' }, words.join(' '))
    t.match(reading.kind === 'text' ? await reading.wipe() : '', /cannot be wiped/)
  }
})

t.test('a machine without VMware, without a disc, or with another disc has no environment', withIso, async t => {
  const box = testRoot(t)
  const source = ovfSource(box.run, box.paths.devices)
  t.same(await source.read(), { kind: 'absent' })
  box.put('dev/sr1', '')
  mkdirSync(join(box.root, 'dev/sr2'))
  symlinkSync('nowhere', join(box.root, 'dev/sr3'))
  box.put('dev/srx', environmentOf({ 'host-name': 'no' }))
  t.same(await source.read(), { kind: 'absent' })
  makeDisc(box, 'other.xml', environmentOf({ 'host-name': 'no' }))
  t.same(await source.read(), { kind: 'absent' })
  makeRpcTool(box, {})
  t.same(await source.read(), { kind: 'empty' })
  box.put('usr/bin/vmware-rpctool', '#!/bin/sh\necho Failed sending message to VMware.\nexit 1\n', 0o755)
  t.same(await source.read(), { kind: 'absent' })
  t.same(await guestinfoSource(box.run).read(), { kind: 'absent' })
})

t.test('a damaged or hostile disc is as none, and ends in time', withIso, async t => {
  const box = testRoot(t)
  const path = makeDisc(box, 'ovf-env.xml', environmentOf({ 'host-name': 'box' }))
  const whole = readFileSync(path)
  const source = ovfSource(box.run, box.paths.devices)
  for (let seed = 0; seed < 300; seed++) {
    const image = Buffer.from(whole)
    // the descriptors and the folder: where lengths and positions stand
    for (let i = 0; i < 4; i++) image[16 * 2048 + ((seed * 7919 + i * 613 * (seed + 1)) % 20_000)] = (seed * 37 + i * 101) & 255
    for (let i = 156; seed % 3 === 0 && i < 190; i++) image[16 * 2048 + i] ^= (seed * i) & 255
    writeFileSync(path, seed % 7 === 0 ? image.subarray(0, 16 * 2048 + seed * 20) : image)
    const { kind } = await source.read()
    if (!['text', 'absent', 'fault'].includes(kind)) t.fail(kind)
  }
  makeDisc(box, 'ovf-env.xml', Buffer.alloc(3 << 20, 0x20))
  t.same(await source.read(), { kind: 'absent' }, 'a file larger than any environment')
})

t.test('refuses hostile documents in little time and memory', async t => {
  const head = '<?xml version="1.0"?>'
  const lol = `${head}<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>`
  const room = ENVIRONMENT_MAX_CHARACTERS - 400
  const namespaces = Array.from({ length: 2500 }, (_, i) => `xmlns:n${i}="u"`).join(' ')
  const bombs: Readonly<Record<string, string>> = {
    'entities that multiply': `${lol}<Environment>&b;</Environment>`,
    'a file of the box': `${head}<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/shadow">]><Environment>&x;</Environment>`,
    depth: `${'<a>'.repeat(15_000)}`,
    'many elements under many namespaces': `<a ${namespaces}>${'<b/>'.repeat(6000)}</a>`,
    'a long comment': `<!--${'x'.repeat(room)}`,
    'a comment of dashes': `<a><!--${'- '.repeat(room / 2)}--></a>`,
    attributes: `<a ${'b="c" '.repeat(room / 6)}`,
    blanks: `<a${' '.repeat(room)}`,
    size: environmentOf({ 'host-name': 'x'.repeat(ENVIRONMENT_MAX_CHARACTERS) }),
    nothing: '',
    'another document': '<Environment/>',
    'a NUL': '<a>\u0000</a>',
  }
  for (const [name, source] of Object.entries(bombs)) {
    const began = performance.now()
    t.equal(readEnvironment(source).kind, 'fault', name)
    t.ok(performance.now() - began < 4000, `${name}: ${Math.round(performance.now() - began)} ms`)
  }
})

t.test('reads a document that has other prefixes, or none, for the same namespaces', async t => {
  const uri = 'http://schemas.dmtf.org/ovf/environment/1'
  for (const [env, key] of [
    ['e:', 'e:'],
    ['', 'k:'],
  ]) {
    const declared = `xmlns${env === '' ? '' : ':e'}="${uri}" xmlns:k="${uri}"`
    const property = `<${env}Property ${key}key="host-name" ${key}value="box"/>`
    const source = `<${env}Environment ${declared}><${env}PropertySection>${property}</${env}PropertySection></${env}Environment>`
    t.match(readEnvironment(source), { kind: 'text', text: 'host.name = box\n' }, source)
  }
  const foreign = environmentOf({ 'host-name': 'box' }).replaceAll(uri, 'urn:other')
  t.equal(readEnvironment(foreign).kind, 'fault', 'the prefix alone makes no environment')
})

t.test('a drive that does not answer does not keep the box from coming up', async t => {
  const box = testRoot(t)
  const path = join(box.root, 'dev/sr0')
  mkdirSync(join(box.root, 'dev'))
  // opening a pipe that nobody writes to waits for ever
  execFileSync('mkfifo', [path])
  const began = performance.now()
  t.same(await ovfSource(box.run, box.paths.devices, 200).read(), { kind: 'absent' })
  t.ok(performance.now() - began < 3000)
  // lets the thread that waits for it go
  closeSync(openSync(path, 'w'))
})

t.test('a key of ours that is misspelt is told, keys of others and of other machines are let be', async t => {
  t.match(readEnvironment(environmentOf({ 'network-adress': 'x', 'vm.vmname': 'y', 'Host-Name': 'z' })), {
    kind: 'fault',
    faults: [{ text: /there is no OVF property 'network-adress'; there are .*network-address/ }, { text: /'Host-Name'/ }],
  })
  const entity = '<Entity oe:id="other"><PropertySection><Property oe:key="host-name" oe:value="other"/></PropertySection></Entity>'
  t.match(readEnvironment(environmentOf({ 'host-name': 'ours' }, entity)), { kind: 'text', text: 'host.name = ours\n' })
})

t.test('a value cannot bring a second setting with it', async t => {
  const told = readEnvironment(environmentOf({ 'host-name': 'box&#10;central.url = https://evil.example' }))
  t.match(told, { kind: 'fault', faults: [{ text: /host-name: its value holds control characters/ }] })
})

t.test('single variables are read with and without our name before them, and the code is set to nothing', async t => {
  const box = testRoot(t)
  const code = freshCode()
  const guest = makeRpcTool(box, {
    'guestinfo.cyberalarm.enrolment.code': code,
    'guestinfo.member.networks': '198.51.100.0/24 203.0.113.0/24',
    'guestinfo.cyberalarm.host.name': 'ours',
    'guestinfo.host.name': 'theirs',
  })
  const reading = await guestinfoSource(box.run).read()
  if (reading.kind !== 'text') return t.fail(reading.kind)
  t.same(reading.text.split('\n').filter(Boolean).sort(), [
    `enrolment.code = ${code}`,
    'host.name = ours',
    'member.networks = 198.51.100.0/24 203.0.113.0/24',
  ])
  t.equal(await reading.wipe(), '')
  t.equal(readFileSync(join(guest, 'guestinfo.cyberalarm.enrolment.code'), 'utf8'), '')
  makeRpcTool(box, { 'guestinfo.host.name': 'a\nb = c' })
  t.match(await guestinfoSource(box.run).read(), { kind: 'text' })
})
