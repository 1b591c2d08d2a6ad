// What the tests of the image stand on: a central that the image knows, the image, and what a member would hand to the box.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CentralProcess, startCentralProcess } from '../../agent/testing/central-process.ts'
import { environmentOf } from '../box/test-root.ts'

const root = join(import.meta.dirname, '../..')
export const folder = join(root, 'build', 'boot-tests')
/** Where a guest finds central, in QEMU's own network: the image has this address, and no port of the machine that tests it. */
export const CENTRAL = { address: '10.0.2.100', port: 443, url: 'https://10.0.2.100' } as const

export function tool(command: string, ...words: string[]): string {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const done = spawnSync(command, words, { encoding: 'utf8', env, cwd: root, maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`${command} ${words.join(' ')}: ${done.error?.message ?? done.stdout + done.stderr}`)
  return done.stdout
}

/** Why there can be no test here, or undefined: then all tools are there. */
export function obstacle(): string | undefined {
  if (process.arch !== 'x64') return 'the image is for x86-64, and so is this test'
  const done = spawnSync('bash', [join(root, 'scripts/appliance/set-up.sh'), '--for-tests'], { encoding: 'utf8', cwd: root })
  return done.status === 0 ? undefined : done.stderr.trim()
}

/** The same keys each time, because the image has the pin of one of them; another port each time. */
export const startCentral = (): Promise<CentralProcess> => startCentralProcess(join(folder, 'central'), 0, { name: CENTRAL.address })

/**
 * Builds the image as `make appliance` does, and gives its folder, which is not that of `make appliance`: nobody shall flash an image
 * that asks for the central of a test. APPLIANCE= takes one that was built for this central before.
 */
export function buildImage(central: CentralProcess): string {
  const given = process.env.APPLIANCE
  if (given !== undefined) return given
  const output = join(folder, 'image')
  // the test runner has Node.js load hooks of its own into every program that a test starts; and no release key signs for tests
  const without = ['-u', 'NODE_OPTIONS', '-u', 'SIGNING_KEY']
  const environment = ['BASE=debian-13', `CENTRAL_URL=${CENTRAL.url}`, `CENTRAL_PINS=${central.pins.join(',')}`, `OUTPUT=${output}`]
  tool('env', ...without, ...environment, process.execPath, 'scripts/appliance.ts')
  return output
}

/** A port that nobody has now, for a server that comes later. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Where a machine has what is its own. */
export function folderOf(name: string): string {
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  return place
}

const only = (image: string, end: string): string => join(image, readdirSync(image).find(name => name.endsWith(end)) ?? `no *${end}`)

/** The disk out of the OVA, raw, as VMware would get it. */
export function diskOfOva(image: string): string {
  const place = join(folder, 'ova')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  tool('tar', '-xf', only(image, '.ova'), '-C', place)
  const disk = join(folder, 'from-ova.raw')
  tool('qemu-img', 'convert', '-O', 'raw', only(place, '.vmdk'), disk)
  rmSync(place, { recursive: true })
  return disk
}

/** The raw image, unpacked. */
export function diskOfImage(image: string): string {
  const disk = join(folder, 'from-image.raw')
  tool('zstd', '-dqf', '--sparse', only(image, '.img.zst'), '-o', disk)
  return disk
}

export function copyOf(disk: string, name: string): string {
  const copy = join(folder, name)
  tool('cp', '--sparse=always', disk, copy)
  return copy
}

/** The virtual CD that vSphere attaches for the transport `iso`. */
export function makeOvfDisc(name: string, properties: Readonly<Record<string, string>>): string {
  const place = join(folderOf(name), 'disc')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'ovf-env.xml'), environmentOf(properties))
  const disc = join(folderOf(name), 'ovf.iso')
  tool('genisoimage', '-quiet', '-J', '-r', '-o', disc, place)
  return disc
}

const stick = join(folder, 'stick.raw')

/** A USB stick as they are sold: one FAT, here without a partition table. */
export function makeStick(): string {
  rmSync(stick, { force: true })
  tool('mformat', '-C', '-i', stick, '-T', '131072', '-v', 'STICK', '::')
  return stick
}

/** The text of the first diagnostics file on the stick; throws if there is none after `seconds`. */
export async function waitForDiagnostics(seconds: number): Promise<string> {
  for (let waited = 0; waited < seconds; waited += 3) {
    const name = tool('mdir', '-b', '-i', stick, '::')
      .split('\n')
      .find(line => line.endsWith('.json'))
    if (name !== undefined) {
      await sleep(3000) // written, and read back by the box
      return tool('mtype', '-i', stick, name)
    }
    await sleep(3000)
  }
  throw new Error(`no diagnostics on the stick after ${seconds} s`)
}

/** Where a partition begins in a raw disk, in bytes. */
export function partition(disk: string, name: string): { readonly offset: number; readonly bytes: number } {
  for (const line of tool('sfdisk', '-d', disk).split('\n')) {
    const found = /start= *(\d+), size= *(\d+).*name="([^"]+)"/.exec(line)
    if (found?.[3] === name) return { offset: Number(found[1]) * 512, bytes: Number(found[2]) * 512 }
  }
  throw new Error(`${disk} has no partition ${name}`)
}

/** Puts `cyberalarm.conf` on the FAT partition, as a member does on a PC. */
export function putSettings(disk: string, text: string): void {
  const file = join(folder, 'cyberalarm.conf')
  writeFileSync(file, text)
  tool('mcopy', '-o', '-i', `${disk}@@${partition(disk, 'config').offset}`, file, '::/cyberalarm.conf')
}

export function ready(): void {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'README'))) writeFileSync(join(folder, 'README'), 'Made by the tests of the image; may be deleted.\n')
}
