import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { boxFolder, hasMtools, makeDevice, makeFat, plugIn } from '../test-stick.ts'
import { findVolumes, formatOfSector } from './usb.ts'

const skip = hasMtools ? false : 'mtools are not installed'
const names = (root: string) => findVolumes(root).map(({ device, format }) => `${device.slice(root.length)} ${format}`)

function sector(name: string, last = 0xaa55): Buffer {
  const bytes = Buffer.alloc(512)
  bytes[0] = 0xeb
  bytes.write(name, 3, 'latin1')
  bytes.writeUInt16LE(last, 510)
  return bytes
}

t.test('finds the partitions of a stick in their order, then the stick itself', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sdb', { partitions: { 1: 'EFI', 2: '', 10: 'more' } })
  makeFat(root, 'sdb2')
  makeDevice(root, 'sdb1', sector('NTFS    '))
  makeDevice(root, 'sdb10', sector('EXFAT   '))
  makeDevice(root, 'sdb', Buffer.alloc(512))
  t.same(names(root), ['/dev/sdb1 ntfs', '/dev/sdb2 fat', '/dev/sdb10 exfat', '/dev/sdb unknown'])
})

t.test('takes a stick without partitions', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sdb')
  makeFat(root, 'sdb')
  t.same(names(root), ['/dev/sdb fat'])
})

t.test('takes a disk that is not removable only if it hangs on a USB port', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sda', { removable: false })
  makeFat(root, 'sda')
  t.same(names(root), [])
  plugIn(root, '../devices/pci0000:00/usb2/2-1/block/sdc', { removable: false })
  symlinkSync('../devices/pci0000:00/usb2/2-1/block/sdc', join(root, 'sys/block/sdc'))
  makeFat(root, 'sdc')
  t.same(names(root), ['/dev/sdc fat'])
})

t.test('never takes the disk of the box, though it be a stick, nor one that something holds', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sda', { partitions: { 1: 'bios', 2: 'boot', 3: 'root-a', 4: 'root-b', 5: 'config', 6: 'data' } })
  for (const device of ['sda', 'sda2', 'sda5']) makeFat(root, device)
  plugIn(root, 'sdb', { partitions: { 1: '' } })
  makeFat(root, 'sdb1')
  mkdirSync(join(root, 'sys/block/sdb/sdb1/holders/dm-0'), { recursive: true })
  t.same(names(root), [])
})

t.test('leaves alone what is no disk, a reader without a card, and what was pulled out meanwhile', async t => {
  const root = boxFolder(t)
  for (const disk of ['sr0', 'loop0', 'ram0', 'dm-0', 'fd0', 'md0', 'zram0']) plugIn(root, disk)
  plugIn(root, 'sdb', { size: 0 })
  t.same(names(root), [])
  plugIn(root, 'sdc')
  t.same(names(root), ['/dev/sdc unreadable'])
  t.same(findVolumes(join(root, 'nowhere')), [])
})

t.test('a first sector that only looks like FAT is not taken for it', async t => {
  const numbers = (change: (bytes: Buffer) => unknown) => {
    const bytes = sector('MSDOS5.0')
    bytes.writeUInt16LE(512, 11)
    bytes[13] = 8
    bytes.writeUInt16LE(32, 14)
    bytes[16] = 2
    change(bytes)
    return formatOfSector(bytes)
  }
  t.equal(
    numbers(() => undefined),
    'fat',
  )
  const wrong: readonly ((bytes: Buffer) => unknown)[] = [
    bytes => bytes.writeUInt16LE(513, 11),
    bytes => bytes.fill(3, 13, 14),
    bytes => bytes.fill(0, 13, 14),
    bytes => bytes.fill(0, 14, 16),
    bytes => bytes.fill(9, 16, 17),
    bytes => bytes.fill(0, 0, 1),
    bytes => bytes.writeUInt16LE(0, 510),
  ]
  for (const change of wrong) t.equal(numbers(change), 'unknown', String(change))
  t.equal(formatOfSector(Buffer.alloc(512, 0xff)), 'unknown')
})
