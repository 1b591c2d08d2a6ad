// A box in a folder with a USB stick that is a file: /sys as the kernel shows it, and a real file system made by mtools.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function boxFolder(t: { teardown(done: () => void): unknown }, tools: readonly string[] = ['mcopy', 'mtype']): string {
  const root = mkdtempSync(join(tmpdir(), 'ca-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  for (const folder of ['sys/block', 'dev', 'usr/bin', 'var/lib/cyberalarm-box/wanted', 'run/cyberalarm-box', 'usr/lib/cyberalarm', 'proc'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const tool of tools) symlinkSync(join('/usr/bin', tool), join(root, 'usr/bin', tool))
  return root
}

export const hasMtools = existsSync('/usr/bin/mcopy') && existsSync('/usr/bin/mformat')

interface Disk {
  readonly removable?: boolean
  readonly readOnly?: boolean
  readonly size?: number
  /** Partitions by number, each with the name that GPT gives it. */
  readonly partitions?: Readonly<Record<number, string>>
}

/** What /sys says of a disk. */
export function plugIn(root: string, disk: string, { removable = true, readOnly = false, size = 8192, partitions = {} }: Disk = {}): void {
  const folder = join(root, 'sys/block', disk)
  mkdirSync(join(folder, 'holders'), { recursive: true })
  writeFileSync(join(folder, 'removable'), removable ? '1\n' : '0\n')
  writeFileSync(join(folder, 'ro'), readOnly ? '1\n' : '0\n')
  writeFileSync(join(folder, 'size'), `${size}\n`)
  for (const [number, name] of Object.entries(partitions)) {
    mkdirSync(join(folder, `${disk}${number}`), { recursive: true })
    writeFileSync(join(folder, `${disk}${number}`, 'partition'), `${number}\n`)
    writeFileSync(
      join(folder, `${disk}${number}`, 'uevent'),
      `DEVTYPE=partition\nPARTN=${number}\n${name === '' ? '' : `PARTNAME=${name}\n`}`,
    )
  }
}

/** A block device with a FAT file system on it. */
export function makeFat(root: string, device: string, sectors = 8192): string {
  const path = join(root, 'dev', device)
  execFileSync('/usr/bin/mformat', ['-C', '-i', path, '-T', String(sectors), '-h', '2', '-s', '32', '::'], {
    env: { MTOOLSRC: '/dev/null' },
  })
  return path
}

/** A block device with these bytes at its start. */
export function makeDevice(root: string, device: string, start: Buffer, bytes = 65_536): string {
  const path = join(root, 'dev', device)
  writeFileSync(path, start)
  truncateSync(path, bytes)
  return path
}

export const namesOn = (device: string): string[] =>
  execFileSync('/usr/bin/mdir', ['-b', '-i', device, '::'], { env: { MTOOLSRC: '/dev/null' }, encoding: 'utf8' })
    .split('\n')
    .filter(name => name !== '')
    .map(name => name.replace(/^::\//, ''))

export const readFrom = (device: string, name: string): string =>
  execFileSync('/usr/bin/mtype', ['-i', device, `::${name}`], { env: { MTOOLSRC: '/dev/null' }, encoding: 'utf8' })
