// What the kernel knows of a disk: from /sys (sysfs-block, stable since 2.6), /proc/self/mountinfo, /proc/swaps and udev's own
// records. Reads only, and from folders that are arguments. Nothing is opened that could wake or change the disk.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { plain } from './flash-fault.ts'

export interface Roots {
  readonly sys: string
  readonly proc: string
  readonly udev: string
  /** `major:minor` of a block device, or undefined if the path is none. */
  readonly numberOf: (path: string) => string | undefined
}

export interface Use {
  readonly device: string
  readonly what: string
  /** This computer runs from it. */
  readonly isSystem: boolean
}

export interface DiskFacts {
  readonly name: string
  readonly number: string
  /** The disk it is a part of, if it is a partition. */
  readonly partOf: string | undefined
  readonly bytes: number
  readonly sectorBytes: number
  readonly isReadOnly: boolean
  /** Removable: USB, SD cards, or declared so by the disk. */
  readonly isExternal: boolean
  readonly model: string
  readonly serial: string
  /** Counted up by the kernel whenever another disk takes the name (Linux 5.15). */
  readonly sequence: string
  readonly uses: readonly Use[]
  /** A line each: its partitions, or the filesystem on the whole of it. */
  readonly contents: readonly { readonly device: string; readonly bytes: number; readonly what: string }[]
}

/** Undefined if the kernel has no block device of this number. */
export function readDisk(number: string, roots: Roots): DiskFacts | undefined {
  const link = join(roots.sys, 'dev/block', number)
  if (!existsSync(link)) return undefined
  const folder = realpathSync(link)
  const name = basename(folder)
  const partOf = existsSync(join(folder, 'partition')) ? basename(dirname(folder)) : undefined
  const disk = partOf === undefined ? folder : dirname(folder)
  const parts = partitionsOf(folder)
  return {
    name,
    number,
    partOf,
    bytes: sizeOf(folder),
    sectorBytes: Number(word(disk, 'queue/logical_block_size') || 512),
    isReadOnly: word(folder, 'ro') === '1',
    isExternal: word(disk, 'removable') === '1' || /\/usb\d+\//.test(disk) || word(disk, 'device/type') === 'SD',
    model: [word(disk, 'device/vendor'), word(disk, 'device/model') || word(disk, 'device/name')].join(' ').trim(),
    serial: upwards(disk, 'serial') || word(disk, 'wwid') || word(disk, 'device/wwid'),
    sequence: word(disk, 'diskseq'),
    uses: usesOf([folder, ...parts], roots),
    contents: (parts.length > 0 ? parts : [folder]).flatMap(part => contentOf(part, part === folder, roots)),
  }
}

const word = (folder: string, file: string): string => {
  const path = join(folder, file)
  return existsSync(path) ? plain(readFileSync(path, 'latin1').trim()) : ''
}

/** sysfs counts in 512 bytes, whatever the sectors of the disk are. */
const sizeOf = (folder: string): number => Number(word(folder, 'size') || 0) * 512

function partitionsOf(folder: string): readonly string[] {
  const inside = readdirSync(folder).map(entry => join(folder, entry))
  return inside
    .filter(path => existsSync(join(path, 'partition')))
    .sort((a, b) => Number(word(a, 'partition')) - Number(word(b, 'partition')))
}

/** The serial number of a USB stick stands at the stick, some folders above the disk in it. */
function upwards(folder: string, file: string): string {
  let at = join(folder, 'device')
  at = existsSync(at) ? realpathSync(at) : folder
  for (let i = 0; i < 8 && basename(at) !== 'devices' && !/^(?:pci|usb\d)/.test(basename(at)); i++) {
    const found = word(at, file)
    if (found !== '') return found
    at = dirname(at)
  }
  return ''
}

const systemPlaces = new Set(['/', '/boot', '/boot/efi', '/efi', '/usr', '/var', '/home', '/etc', '/nix'])

function usesOf(folders: readonly string[], roots: Roots): readonly Use[] {
  const uses: Use[] = []
  const seen = new Map<string, string>()
  const visit = (folder: string, depth: number): void => {
    const device = basename(folder)
    const number = word(folder, 'dev')
    if (seen.has(number) || depth > 8) return
    seen.set(number, device)
    const holders = join(folder, 'holders')
    for (const holder of existsSync(holders) ? readdirSync(holders) : []) {
      const path = realpathSync(join(holders, holder))
      const label = word(path, 'dm/name')
      uses.push({ device, what: `is held by ${holder}${label === '' ? '' : ` (${label})`}`, isSystem: false })
      visit(path, depth + 1)
    }
  }
  for (const folder of folders) visit(folder, 0)
  for (const { number, source, place } of mountsOf(readFileSync(join(roots.proc, 'self/mountinfo'), 'utf8'))) {
    // btrfs states a number of its own; its source names the disk
    const device = seen.get(number) ?? (source.startsWith('/') ? seen.get(roots.numberOf(source) ?? '') : undefined)
    if (device !== undefined) uses.push({ device, what: `is mounted on ${plain(place)}`, isSystem: systemPlaces.has(place) })
  }
  const swaps = join(roots.proc, 'swaps')
  for (const line of existsSync(swaps) ? readFileSync(swaps, 'utf8').split('\n').slice(1) : []) {
    const device = seen.get(roots.numberOf(unescapePath(line.split(/\s/)[0])) ?? '')
    if (device !== undefined) uses.push({ device, what: 'is swap of this computer', isSystem: true })
  }
  return uses
}

/** proc_pid_mountinfo(5). */
function mountsOf(text: string): readonly { readonly number: string; readonly place: string; readonly source: string }[] {
  return text.split('\n').flatMap(line => {
    const [before, after] = line.split(' - ')
    const fields = before.split(' ')
    return after === undefined
      ? []
      : [{ number: fields[2], place: unescapePath(fields[4]), source: unescapePath(after.split(' ')[1] ?? '') }]
  })
}
const unescapePath = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))

function contentOf(folder: string, isWhole: boolean, { udev }: Roots): DiskFacts['contents'] {
  const record = join(udev, 'data', `b${word(folder, 'dev')}`)
  const known = new Map(
    existsSync(record) ? [...readFileSync(record, 'utf8').matchAll(/^E:(\w+)=(.*)$/gm)].map(([, key, value]) => [key, plain(value)]) : [],
  )
  const label = known.get('ID_FS_LABEL') ?? known.get('ID_PART_ENTRY_NAME') ?? /^PARTNAME=(.*)$/m.exec(uevent(folder))?.[1]
  const what = [known.get('ID_FS_TYPE') ?? '', label === undefined || label === '' ? '' : `'${plain(label)}'`].filter(text => text !== '')
  return isWhole && what.length === 0
    ? []
    : [{ device: basename(folder), bytes: sizeOf(folder), what: what.join(' ') || 'unknown content' }]
}

function uevent(folder: string): string {
  const path = join(folder, 'uevent')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
