// The refusals one by one, over facts; and the facts, over a made-up /sys and /proc.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { type DiskFacts, type Roots, readDisk } from './flash-facts.ts'
import { refusalsOf, rules } from './flash-rules.ts'
import { numberText } from './flash-target.ts'

const GIB = 2 ** 30
const limits = { imageBytes: 7 * GIB, allowInternal: false }
const stick: DiskFacts = {
  name: 'sdb',
  number: '8:16',
  partOf: undefined,
  bytes: 8 * GIB,
  sectorBytes: 512,
  isReadOnly: false,
  isExternal: true,
  model: 'Example Stick',
  serial: '0123',
  sequence: '7',
  uses: [],
  contents: [],
}
const refused = (change: Partial<DiskFacts>, more = {}) =>
  refusalsOf({ kind: 'disk', path: '/dev/sdb', disk: { ...stick, ...change } }, { ...limits, ...more })

t.test('takes a stick that is large enough, removable and not in use', async t => {
  t.strictSame(refused({}), [])
  t.strictSame(refused({ bytes: 7 * GIB }), [])
})

const cases: readonly (readonly [string, Partial<DiskFacts>, RegExp])[] = [
  ['partition', { partOf: 'sdb' }, /is a partition.*use \/dev\/sdb/],
  ['system', { uses: [{ device: 'sdb2', what: 'is mounted on /', isSystem: true }] }, /this computer runs from: sdb2 is mounted on \//],
  ['in-use', { uses: [{ device: 'sdb1', what: 'is held by md0', isSystem: false }] }, /is in use: sdb1 is held by md0/],
  ['empty', { bytes: 0 }, /no medium/],
  ['too-small', { bytes: 7 * GIB - 512 }, /has 7.0 GiB, and the image needs 7.0 GiB/],
  ['sectors', { sectorBytes: 4096 }, /4096-byte sectors/],
  ['write-protected', { isReadOnly: true }, /write-protected/],
  ['internal', { isExternal: false }, /built-in disk.*INTERNAL=1/],
]
for (const [name, change, due] of cases) {
  t.test(`refuses: ${name}`, async t => {
    const reasons = refused(change)
    t.equal(reasons.length, 1)
    t.match(reasons[0], due)
  })
}

t.test('every rule has its test', async t => {
  t.strictSame(
    rules.map(rule => rule.name),
    cases.map(([name]) => name),
  )
})

t.test('--internal lifts that one refusal and no other', async t => {
  t.strictSame(refused({ isExternal: false }, { allowInternal: true }), [])
  for (const [name, change] of cases)
    t.equal(refused({ ...change, isExternal: false }, { allowInternal: true }).length, name === 'internal' ? 0 : 1, name)
})

t.test('tells all that is wrong at once', async t => {
  t.equal(refused({ isExternal: false, isReadOnly: true, sectorBytes: 4096 }).length, 3)
})

t.test('refuses what is no disk, and a file that is too small', async t => {
  t.match(refusalsOf({ kind: 'absent', path: '/dev/sdx' }, limits)[0], /\/dev\/sdx does not exist/)
  t.match(refusalsOf({ kind: 'other', path: '/dev/null', what: 'not a disk' }, limits)[0], /is not a disk/)
  t.match(refusalsOf({ kind: 'file', path: '/x', bytes: 1 }, limits)[0], /has 1 B/)
  t.strictSame(refusalsOf({ kind: 'file', path: '/x', bytes: 7 * GIB }, limits), [])
})

// --- the facts

const folder = t.testdir()
const devices = join(folder, 'sys', 'devices')
const numbers = new Map<string, string>()
const roots: Roots = {
  sys: join(folder, 'sys'),
  proc: join(folder, 'proc'),
  udev: join(folder, 'udev'),
  numberOf: path => numbers.get(path),
}

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

async function device(place: string, number: string, files: Readonly<Record<string, string>>): Promise<void> {
  const at = join(devices, place)
  await mkdir(join(roots.sys, 'dev/block'), { recursive: true })
  for (const [name, text] of Object.entries({ dev: `${number}\n`, ro: '0\n', ...files })) await file(join(at, name), text)
  await symlink(at, join(roots.sys, 'dev/block', number))
}

const mounts = (...lines: readonly string[]): Promise<void> => file(join(roots.proc, 'self/mountinfo'), `${lines.join('\n')}\n`)
const sectors = (bytes: number): string => `${bytes / 512}\n`

const usb = 'pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb'
await device(usb, '8:16', { size: sectors(8 * GIB), removable: '0\n', diskseq: '12\n', 'queue/logical_block_size': '512\n' })
await file(join(devices, dirname(dirname(usb)), 'model'), 'Stick \u001b[31m\n')
await file(join(devices, dirname(dirname(usb)), 'vendor'), 'Example \n')
await symlink(join(devices, dirname(dirname(usb))), join(devices, usb, 'device'))
await file(join(devices, 'pci0000:00/0000:00:14.0/usb2/2-1/serial'), 'AA-0001\n')
await file(join(devices, 'pci0000:00/0000:00:14.0/usb2/serial'), '0000:00:14.0\n')
await device(`${usb}/sdb1`, '8:17', { size: sectors(GIB), partition: '1\n', uevent: 'DEVTYPE=partition\nPARTNAME=EFI\n' })
await device(`${usb}/sdb2`, '8:18', { size: sectors(7 * GIB), partition: '2\n', uevent: 'DEVTYPE=partition\n' })
await file(join(roots.udev, 'data/b8:18'), 'S:disk/by-id/x\nE:ID_FS_TYPE=crypto_LUKS\nE:ID_FS_LABEL=photos\n')
const sata = 'pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda'
await device(sata, '8:0', { size: sectors(100 * GIB), removable: '0\n' })
await device(`${sata}/sda1`, '8:1', { size: sectors(99 * GIB), partition: '1\n' })
const mapped = 'virtual/block/dm-0'
await device(mapped, '254:0', { size: sectors(7 * GIB), 'dm/name': 'luks-photos\n' })
await mounts('1 0 0:21 / /proc rw - proc proc rw')

t.test('a USB stick: named by what it says, its serial number from the stick, its partitions by their labels', async t => {
  const disk = readDisk('8:16', roots)
  t.match(disk, { name: 'sdb', bytes: 8 * GIB, isExternal: true, isReadOnly: false, sectorBytes: 512, sequence: '12', uses: [] })
  t.equal(disk?.model, 'Example Stick ?[31m', 'what would colour the terminal is taken out')
  t.equal(disk?.serial, 'AA-0001')
  t.strictSame(disk?.contents, [
    { device: 'sdb1', bytes: GIB, what: "'EFI'" },
    { device: 'sdb2', bytes: 7 * GIB, what: "crypto_LUKS 'photos'" },
  ])
})

t.test('a partition is known as one', async t => t.match(readDisk('8:17', roots), { name: 'sdb1', partOf: 'sdb' }))

t.test('a disk that is not meant to be taken out is internal', async t => t.equal(readDisk('8:0', roots)?.isExternal, false))

t.test('a number that the kernel does not know gives nothing', async t => t.equal(readDisk('8:99', roots), undefined))

t.test('a mounted partition is found, whatever its folder is called', async t => {
  await mounts('30 1 8:17 / /media/my\\040stick\\012x rw - vfat /dev/sdb1 rw')
  t.strictSame(readDisk('8:16', roots)?.uses, [{ device: 'sdb1', what: 'is mounted on /media/my stick?x', isSystem: false }])
})

t.test('so is one that btrfs mounted under a number of its own', async t => {
  numbers.set('/dev/sda1', '8:1')
  await mounts('30 1 0:40 /root / rw - btrfs /dev/sda1 rw')
  t.strictSame(readDisk('8:0', roots)?.uses, [{ device: 'sda1', what: 'is mounted on /', isSystem: true }])
})

t.test('so is what holds a partition, and what is mounted of that', async t => {
  await mkdir(join(devices, usb, 'sdb2/holders'))
  await symlink(join(devices, mapped), join(devices, usb, 'sdb2/holders/dm-0'))
  await mounts('30 1 254:0 / /home rw - ext4 /dev/mapper/luks-photos rw')
  t.strictSame(readDisk('8:16', roots)?.uses, [
    { device: 'sdb2', what: 'is held by dm-0 (luks-photos)', isSystem: false },
    { device: 'dm-0', what: 'is mounted on /home', isSystem: true },
  ])
})

t.test('so is swap', async t => {
  await mounts('1 0 0:21 / /proc rw - proc proc rw')
  await file(join(roots.proc, 'swaps'), 'Filename Type Size Used Priority\n/dev/sda1 partition 1 0 -2\n')
  t.strictSame(readDisk('8:0', roots)?.uses, [{ device: 'sda1', what: 'is swap of this computer', isSystem: true }])
})

t.test('device numbers are taken apart as makedev(3) put them together', async t => {
  for (const [number, text] of [
    [0x810, '8:16'],
    [0x10305, '259:5'],
    [0x10082c, '8:300'],
    [0x1004100, '65:4096'],
  ] as const)
    t.equal(numberText(number), text)
})
