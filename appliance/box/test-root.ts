// What tests of the box stand on: a folder as root, with real tools in it, a real FAT image as partition, a real ISO as disc, and
// an executable script in place of vmware-rpctool, because VMware is not here.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeCode } from '../../agent/lib/typed-code.ts'
import { type BoxPaths, boxPathsBelow } from './paths.ts'
import { type RunTool, toolsBelow } from './tools.ts'

export const freshCode = (): string => makeCode(randomBytes)

/** A mounted folder where a draft would be: whoever writes the file fails, root as well. Gives how to take it away. */
export function obstruct(t: { teardown(done: () => void): unknown }, draft: string): () => void {
  mkdirSync(draft, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'none', draft])
  const clear = () => {
    if (!existsSync(draft)) return
    execFileSync('umount', [draft])
    rmdirSync(draft)
  }
  t.teardown(clear)
  return clear
}

export interface TestRoot {
  readonly root: string
  readonly paths: BoxPaths
  readonly run: RunTool
  /** Writes a file below the root, with its folders. */
  put(path: string, data: string | Buffer, mode?: number): string
  /** What a file below the root holds; '' if there is none. */
  text(path: string): string
}

export function testRoot(t: { teardown(done: () => void): unknown }, parent = tmpdir()): TestRoot {
  const root = mkdtempSync(join(parent, 'cb-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const put = (path: string, data: string | Buffer, mode = 0o644) => {
    const whole = join(root, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, data)
    chmodSync(whole, mode)
    return whole
  }
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  for (const tool of ['mcopy', 'mshowfat']) symlinkSync(which(tool) ?? `/usr/bin/${tool}`, join(root, 'usr/bin', tool))
  put('usr/lib/cyberalarm/image.json', '{"version":"1.0.0","base":"debian-13","network":"networkd"}')
  put('usr/lib/cyberalarm/image.conf', 'nflog.groups = 514\n')
  mkdirSync(join(root, 'var/lib/cyberalarm-box/wanted'), { recursive: true })
  const text = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')
  return { root, paths: boxPathsBelow(root), run: toolsBelow(root), put, text }
}

/** Where a tool of this machine is; undefined if it is not installed. */
export function which(tool: string): string | undefined {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin']
    .map(folder => join(folder, tool))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false // not there, or not ours to run
      }
    })
}

const tool = (name: string, ...words: string[]): void => {
  execFileSync(which(name) ?? name, words, { stdio: 'pipe', env: { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1', LC_ALL: 'C' } })
}

/** Makes the partition `config`; `sectorsPerCluster` 1 has the smallest clusters there are, 512 bytes. */
export function makeConfigPartition({ root }: TestRoot, { megabytes = 2, sectorsPerCluster = 1, fat = 12 } = {}): string {
  const path = join(root, 'run/cyberalarm-disk/config')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.alloc(megabytes << 20))
  tool('mkfs.fat', '-F', String(fat), '-s', String(sectorsPerCluster), '-n', 'CYBERALARM', path)
  return path
}

export function putOnPartition(device: string, name: string, data: string | Buffer): void {
  const from = join(mkdtempSync(join(tmpdir(), 'cb-')), 'file')
  writeFileSync(from, data)
  tool('mcopy', '-o', '-i', device, from, `::/${name}`)
  rmSync(dirname(from), { recursive: true })
}

export const removeFromPartition = (device: string, name: string): void => tool('mdel', '-i', device, `::/${name}`)

export const environmentOf = (properties: Readonly<Record<string, string>>, extra = ''): string => `<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" xmlns:ve="http://www.vmware.com/schema/ovfenv" oe:id="" ve:vCenterId="vm-7">
  <PlatformSection><Kind>VMware ESXi</Kind><Version>8.0.2</Version></PlatformSection>
  <PropertySection>
${Object.entries(properties)
  .map(([key, value]) => `    <Property oe:key="${key}" oe:value="${value}"/>`)
  .join('\n')}
  </PropertySection>
  <ve:EthernetAdapterSection><ve:Adapter ve:mac="00:50:56:00:00:01" ve:network="VM Network" ve:unitNumber="7"/></ve:EthernetAdapterSection>${extra}
</Environment>
`

/** Puts a disc with one file into the drive sr0. `options` of genisoimage. */
export function makeDisc({ root }: TestRoot, name: string, data: string | Buffer, options: readonly string[] = ['-J', '-r']): string {
  const folder = mkdtempSync(join(tmpdir(), 'cb-'))
  writeFileSync(join(folder, name), data)
  const path = join(root, 'dev/sr0')
  mkdirSync(dirname(path), { recursive: true })
  tool('genisoimage', '-quiet', ...options, '-o', path, folder)
  rmSync(folder, { recursive: true })
  return path
}

/** A vmware-rpctool that keeps each variable in a file, answers as open-vm-tools does, and writes down how it was called. */
export function makeRpcTool({ root, put }: TestRoot, variables: Readonly<Record<string, string>>): string {
  const folder = join(root, 'guest')
  mkdirSync(folder, { recursive: true })
  for (const [name, value] of Object.entries(variables)) writeFileSync(join(folder, name), value)
  put(
    'usr/bin/vmware-rpctool',
    `#!/bin/sh
PATH=/usr/bin:/bin
echo "$1" >> '${folder}/calls'
set -f
verb=\${1%% *}
rest=\${1#* }
name=\${rest%% *}
case "$verb" in
info-get) if [ -e '${folder}'/"$name" ]; then cat '${folder}'/"$name"; else echo 'No value found'; exit 1; fi ;;
info-set) printf '%s' "\${rest#* }" > '${folder}'/"$name" ;;
*) echo 'Unknown command'; exit 1 ;;
esac
`,
    0o755,
  )
  return folder
}
