// Every fault of OVAs in the field, made on purpose: the check reports each by its code, and finds none in ours.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import t from 'tap'
import { examineOva } from './conformance.ts'
import { type FaultCode, faultMeanings } from './faults.ts'
import { makeParts, memorySource, type Part, type Parts, packTar, partsToEntries } from './test-support.ts'

const sound = await makeParts(t.testdir())
const codes = async (archive: Buffer): Promise<FaultCode[]> => (await examineOva(memorySource(archive))).map(fault => fault.code)
const reported = new Set<FaultCode>()

t.test('finds nothing in a sound OVA', async t => {
  t.strictSame(await examineOva(memorySource(packTar(partsToEntries(sound)))), [])
})

/** The descriptor with one thing exchanged, in an archive that is sound otherwise. */
const ovf = (from: string | RegExp, to: string): Buffer => {
  const changed = sound.ovf.replace(from, to)
  if (changed === sound.ovf) throw new Error(`nothing to exchange: ${from}`)
  return packTar(partsToEntries({ ...sound, ovf: changed }))
}
const parts = (change: Partial<Parts>): Buffer => packTar(partsToEntries({ ...sound, ...change }))
const entries = (change: (entries: Part[]) => Part[]): Buffer => packTar(change(partsToEntries(sound)))
const manifest = partsToEntries(sound)[1].bytes.toString()
const patched = (at: number, text: string): Buffer => {
  const archive = packTar(partsToEntries(sound))
  archive.write(text, at, 'latin1')
  return archive
}
/** The first header with one field exchanged and the sum mended. */
const header = (at: number, text: string): Buffer => {
  const archive = patched(at, text)
  const sum = archive.subarray(0, 512).reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 32 : byte), 0)
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return archive
}
const disk = (at: number, byte: number): Buffer => {
  const changed = Buffer.from(sound.disk)
  changed[at] = byte
  return changed
}
const text = (from: string, to: string): Buffer => Buffer.from(sound.disk.toString('latin1').replace(from, to), 'latin1')
const item = (name: string): RegExp => new RegExp(`<Item[^>]*>\\s*(?:<rasd:[^E][^\\n]*\\s*)*<rasd:ElementName>${name}[\\s\\S]*?</Item>`)

const attacks: readonly (readonly [what: string, code: FaultCode, archive: () => Buffer])[] = [
  ['an archive cut off in the disk', 'tar-damaged', () => packTar(partsToEntries(sound)).subarray(0, 200_000)],
  ['an archive without its end', 'tar-damaged', () => packTar(partsToEntries(sound)).subarray(0, -10240)],
  ['bytes behind the end', 'tar-damaged', () => Buffer.concat([packTar(partsToEntries(sound)), Buffer.from('x'.repeat(512))])],
  ['a header that was changed', 'tar-damaged', () => patched(0, 'z')],
  ['a pax header', 'tar-format', () => header(156, 'x')],
  ['a GNU header', 'tar-format', () => header(257, 'ustar  \0')],
  ['a size that is not octal', 'tar-format', () => header(124, '\x80\0\0\0\0\0\0\0\0\0\x10\0')],
  ['the disk in front of the manifest', 'tar-order', () => entries(([a, b, c]) => [a, c, b])],
  ['the manifest in front of the descriptor', 'tar-order', () => entries(([a, b, c]) => [b, a, c])],
  ['no descriptor', 'tar-order', () => entries(([, b, c]) => [b, c])],
  ['a manifest with another name', 'tar-name', () => entries(([a, b, c]) => [a, { ...b, name: 'manifest.mf' }, c])],
  ['a file twice', 'tar-name', () => entries(([a, b, c]) => [a, b, c, c])],
  ['a file in a folder', 'tar-name', () => header(345, 'folder')],
  ['a file that nothing mentions', 'tar-extra', () => entries(all => [...all, { name: 'readme.txt', bytes: Buffer.from('hi') }])],
  [
    'files without number',
    'tar-extra',
    () => entries(all => [...all, ...Array.from({ length: 20 }, (_, i) => ({ name: `f${i}`, bytes: Buffer.from('') }))]),
  ],
  ['a certificate of our own', 'not-signed', () => entries(all => [...all, { name: 'cyberalarm.cert', bytes: Buffer.from('-----BEGIN') }])],
  ['no manifest', 'manifest-missing', () => entries(([a, , c]) => [a, c])],
  [
    'a manifest as sha256sum --tag writes it',
    'manifest-spelling',
    () => parts({ manifest: manifest.replaceAll('(', ' (').replaceAll(')=', ') =') }),
  ],
  ['a manifest without a last line feed', 'manifest-spelling', () => parts({ manifest: manifest.trimEnd() })],
  ['a manifest with lines of DOS', 'manifest-spelling', () => parts({ manifest: manifest.replaceAll('\n', '\r\n') })],
  [
    'a manifest in capital digits',
    'manifest-spelling',
    () => parts({ manifest: manifest.replace(/= .*/, digits => digits.toUpperCase()) }),
  ],
  ['a digest called SHA2-256', 'manifest-algorithm', () => parts({ manifest: manifest.replaceAll('SHA256', 'SHA2-256') })],
  ['a manifest without the descriptor', 'manifest-entry', () => parts({ manifest: manifest.split('\n').slice(1).join('\n') })],
  ['a manifest with a file too many', 'manifest-entry', () => parts({ manifest: `${manifest}SHA256(other.iso)= ${'0'.repeat(64)}\n` })],
  ['a disk that was changed after the manifest', 'manifest-digest', () => parts({ manifest, disk: disk(sound.disk.length - 600, 1) })],
  ['an element left open', 'xml-malformed', () => ovf('</NetworkSection>', '')],
  ['an entity of its own', 'xml-malformed', () => ovf('A virtual machine', '&secret;')],
  ['a document type', 'xml-malformed', () => ovf('<Envelope', '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><Envelope')],
  ['vmw: without its declaration', 'namespace-undeclared', () => ovf(/ xmlns:vmw="[^"]*"/, '')],
  ['ovf: declared as something else', 'schema-order', () => ovf(/envelope\/1/g, 'envelope/3')],
  [
    'hardware in front of the name',
    'schema-order',
    () => ovf(/(<Name>.*<\/Name>\s*)(<OperatingSystemSection[\s\S]*?<\/OperatingSystemSection>)/, '$2$1'),
  ],
  ['children of rasd: out of order', 'schema-order', () => ovf(/(<rasd:ElementName>Hard disk.*?\n\s*)(<rasd:HostResource>.*?\n)/, '$2$1')],
  ['vmw:Config between items', 'schema-order', () => ovf('<Item>', '<vmw:Config vmw:key="a" vmw:value="b"/><Item>')],
  ['a section without Info', 'schema-order', () => ovf('<Info>The virtual disk</Info>', '')],
  ['an item without its name', 'schema-order', () => ovf(/<rasd:ElementName>Hard disk.*/, '')],
  ['two Labels', 'schema-order', () => ovf(/(<Label>.*<\/Label>)/, '$1$1')],
  ['an attribute without namespace', 'schema-attribute', () => ovf('ovf:href=', 'href=')],
  ['a yes that is not true', 'schema-attribute', () => ovf('ovf:userConfigurable="true"', 'ovf:userConfigurable="yes"')],
  ['a capacity in words', 'schema-attribute', () => ovf(/ovf:capacity="\d+"/, 'ovf:capacity="6 GB"')],
  ['a disk without its file', 'reference-dangling', () => ovf('ovf:fileRef="file1"', 'ovf:fileRef="file2"')],
  ['a disk hanging on nothing', 'reference-dangling', () => ovf('<rasd:Parent>3<', '<rasd:Parent>9<')],
  ['a disk that is not described', 'reference-dangling', () => ovf('ovf:/disk/vmdisk1', '/disk/vmdisk1')],
  ['a network that is not described', 'reference-dangling', () => ovf('ovf:name="VM Network"', 'ovf:name="Bridged"')],
  ['a file that is not there', 'reference-dangling', () => entries(([a, b]) => [a, b])],
  ['two items with one number', 'reference-dangling', () => ovf('<rasd:InstanceID>6<', '<rasd:InstanceID>5<')],
  ['a wrong ovf:size', 'file-size', () => ovf(/ovf:size="\d+"/, 'ovf:size="512"')],
  ['no ovf:size', 'file-size', () => ovf(/ ovf:size="\d+"/, '')],
  ['the capacity of an older disk', 'disk-capacity', () => ovf(/ovf:capacity="\d+"/, 'ovf:capacity="6442450944"')],
  ['a capacity in other units', 'disk-capacity', () => ovf('Units="byte"', 'Units="byte * 2^20"')],
  ['a disk declared as sparse', 'disk-format', () => ovf('#streamOptimized', '#sparse')],
  ['a disk that is raw', 'disk-format', () => parts({ disk: Buffer.alloc(1 << 20) })],
  ['a VMDK of version 1', 'disk-header', () => parts({ disk: disk(4, 1) })],
  ['a disk for IDE', 'disk-descriptor', () => parts({ disk: text('"lsilogic"', '"ide"     ') })],
  ['a disk with a parent', 'disk-descriptor', () => parts({ disk: text('parentCID=ffffffff', 'parentCID=12345678') })],
  ['a grain that does not unpack', 'disk-stream', () => parts({ disk: disk(128 * 512 + 300, sound.disk[128 * 512 + 300] ^ 255) })],
  ['hardware version 10', 'hardware-version', () => ovf('vmx-15', 'vmx-10')],
  ['hardware version 21', 'hardware-version', () => ovf('vmx-15', 'vmx-21')],
  ['a VirtualBox machine', 'hardware-version', () => ovf('vmx-15', 'virtualbox-2.2')],
  ['a SATA controller of VirtualBox', 'controller-unknown', () => ovf('<rasd:ResourceSubType>VirtualSCSI<', '<rasd:ResourceSubType>AHCI<')],
  ['a sound card', 'controller-unknown', () => ovf('<rasd:ResourceType>24<', '<rasd:ResourceType>35<')],
  ['a disk on IDE', 'controller-unknown', () => ovf('<rasd:Parent>3<', '<rasd:Parent>4<')],
  ['no disk', 'controller-unknown', () => ovf(item('Hard disk 1'), '')],
  ['an E1000', 'network-card', () => ovf('VmxNet3', 'E1000')],
  ['memory in MegaBytes', 'processor-or-memory', () => ovf('byte * 2^20', 'MegaBytes')],
  ['no processor', 'processor-or-memory', () => ovf(item('2 virtual CPUs'), '')],
  ['no guest', 'guest-unknown', () => ovf(/ vmw:osType="[^"]*"/, '')],
  ['no firmware', 'firmware-unstated', () => ovf('vmw:key="firmware"', 'vmw:key="bios"')],
  ['no transport', 'transport-missing', () => ovf(/ ovf:transport="[^"]*"/, '')],
  ['iso without a CD drive', 'cd-missing', () => ovf(item('CD/DVD drive 1'), '')],
  ['a dot in a key', 'property-key', () => ovf('ovf:key="enrolment-code"', 'ovf:key="enrolment.code"')],
  ['a key twice', 'property-key', () => ovf('ovf:key="enrolment-code"', 'ovf:key="uplink-proxy"')],
  ['a property that is not shown', 'property-not-configurable', () => ovf(' ovf:userConfigurable="true"', '')],
  ['a type that vSphere lacks', 'property-type', () => ovf('ovf:type="string"', 'ovf:type="password"')],
  [
    'a default that is too long',
    'property-type',
    () =>
      ovf(
        'ovf:qualifiers="MaxLen(40)" ovf:userConfigurable="true" ovf:value=""',
        'ovf:qualifiers="MaxLen(4)" ovf:userConfigurable="true" ovf:value="too long"',
      ),
  ],
]

for (const [what, code, archive] of attacks) {
  t.test(`reports ${what}`, async t => {
    const found = await codes(archive())
    t.ok(found.includes(code), `${code}: ${found.join(', ')}`)
    reported.add(code)
    t.ok(found.length <= 6, 'one fault is not reported a hundred times')
  })
}

t.test('every code has been provoked', t => {
  t.strictSame(
    Object.keys(faultMeanings).filter(code => !reported.has(code as FaultCode)),
    [],
  )
  t.end()
})

t.test('never throws on noise', async t => {
  const archive = packTar(partsToEntries(sound))
  for (let seed = 0; seed < 150; seed++) {
    const broken = Buffer.from(archive)
    const digest = createHash('sha256').update(String(seed)).digest()
    for (let i = 0; i < 4; i++)
      broken[digest.readUInt32LE(i * 8) % Math.min(broken.length, seed % 2 === 0 ? 16384 : broken.length)] = digest[i * 8 + 5]
    await t.resolves(codes(broken), String(seed))
  }
})

t.test('xmllint finds nothing in the descriptor', async t => {
  const run = promisify(execFile)
  const known = await run('xmllint', ['--version']).then(
    () => true,
    () => false,
  )
  if (!known) return void t.pass('against the schemas', { skip: 'xmllint is not installed (Debian: libxml2-utils)' })
  const pending = run('xmllint', ['--noout', '--nonet', '--pedantic', '-'])
  pending.child.stdin?.end(sound.ovf)
  t.match(await pending, { stdout: '', stderr: '' })
})
