// Debian, from Debian's own packages: the tree that becomes the box, and the machine that composes its disk. Neither root nor
// loop devices nor partitions are needed on the host. Both are kept for a day, or until something that goes into them changes: an
// image that is built for the newest packages must not get those of last month.
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { builderPackagesFor, packagesFor } from '../../appliance/packages.ts'
import { run } from './tool.ts'

const suite = 'trixie'
const KEPT_MS = 24 * 3_600_000
/** The build machine: what composes the disk, and what starts it and lets packer in. */
const machinePackages = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'systemd-sysv', 'udev', 'openssh-server'],
  ...builderPackagesFor('debian'),
]
/** What dracut reads when the kernel is installed. */
const early = ['etc/dracut.conf.d', 'usr/lib/dracut']

export interface Base {
  /** The tree of the box. */
  readonly tree?: string
  readonly disk: string
  readonly diskSha256: string
  readonly key: string
  readonly builderArguments: readonly (readonly string[])[]
}

interface BaseOptions {
  readonly root: string
  /** Folder in which bases are kept. */
  readonly cache: string
  readonly log: (text: string) => void
}

export async function makeDebianBase({ root, cache, log }: BaseOptions): Promise<Base> {
  const rootfs = join(root, 'appliance/rootfs')
  const packages = packagesFor('debian')
  const name = `debian-13-${await fingerprint(rootfs, [suite, ...packages, '', ...machinePackages])}`
  const folder = join(cache, name)
  const made = statSync(join(folder, 'sha256'), { throwIfNoEntry: false })
  if (made === undefined || Date.now() - made.mtimeMs > KEPT_MS) {
    const draft = `${folder}.draft`
    await rm(draft, { recursive: true, force: true })
    await mkdir(draft, { recursive: true })
    // waits for both, so that one that failed does not leave the other writing
    for (const outcome of await Promise.allSettled([makeTree(draft, rootfs, packages, log), makeBuilder(draft, log)]))
      if (outcome.status === 'rejected') throw outcome.reason
    const sum = await run('sha256sum', [join(draft, 'builder.qcow2')], { log })
    await writeFile(join(draft, 'sha256'), sum.slice(0, 64))
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
    // one is enough: each takes most of a gigabyte
    for (const old of await readdir(cache))
      if (old.startsWith('debian-13-') && old !== name) await rm(join(cache, old), { recursive: true })
  }
  return {
    tree: join(folder, 'tree.tar.zst'),
    disk: join(folder, 'builder.qcow2'),
    diskSha256: await readFile(join(folder, 'sha256'), 'utf8'),
    key: join(folder, 'key'),
    builderArguments: [
      ['-machine', 'q35'],
      ['-cpu', 'max'],
      ['-kernel', join(folder, 'vmlinuz')],
      ['-initrd', join(folder, 'initrd.img')],
      ['-append', 'root=/dev/vda rw quiet console=ttyS0'],
    ],
  }
}

async function fingerprint(rootfs: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
    .update(names.join('\n'))
    .update(await readFile(import.meta.filename))
  for (const folder of early) {
    const entries = await readdir(join(rootfs, folder), { recursive: true, withFileTypes: true })
    for (const entry of entries.filter(one => one.isFile()).sort((a, b) => (a.parentPath + a.name < b.parentPath + b.name ? -1 : 1)))
      hash.update(entry.name).update(await readFile(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** A box needs no manuals and translations; licences stay. */
const lean = ['man', 'info', 'locale', 'lintian'].flatMap(what => [`--dpkgopt=path-exclude=/usr/share/${what}/*`])
const common = [
  ...['--variant=minbase', '--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'],
  ...[...lean, '--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-include=/usr/share/doc/*/copyright'],
]

async function makeTree(folder: string, rootfs: string, packages: readonly string[], log: BaseOptions['log']): Promise<void> {
  const archive = join(folder, 'early.tar')
  await run('tar', ['-C', rootfs, '--owner=0', '--group=0', '--sort=name', '-cf', archive, ...early], { log })
  const tree = join(folder, 'tree.tar')
  await run('mmdebstrap', [...common, `--include=${packages.join(',')}`, `--essential-hook=tar-in ${archive} /`, suite, tree], { log })
  await run('zstd', ['-q', '-3', '--rm', tree], { log })
}

async function makeBuilder(folder: string, log: BaseOptions['log']): Promise<void> {
  const at = (name: string) => join(folder, name)
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'builder', '-f', at('key')], { log })
  await mkdir(at('etc/systemd/network'), { recursive: true })
  await mkdir(at('root/.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(at('etc/systemd/network/10-builder.network'), '[Match]\nType=ether\n\n[Network]\nDHCP=yes\n')
  await writeFile(at('root/.ssh/authorized_keys'), await readFile(at('key.pub')), { mode: 0o600 })
  await run('tar', ['-C', folder, '--owner=0', '--group=0', '-cf', at('builder.tar'), 'etc', 'root'], { log })
  const hooks = [
    `tar-in ${at('builder.tar')} /`,
    'systemctl --root="$1" enable systemd-networkd ssh',
    `download vmlinuz ${at('vmlinuz')}`,
    `download initrd.img ${at('initrd.img')}`,
  ]
  const disk = at('builder.ext2')
  const args = [`--include=${machinePackages.join(',')}`, ...hooks.map(hook => `--customize-hook=${hook}`), suite, disk]
  await run('mmdebstrap', [...common, ...args], { log })
  await run('truncate', ['-s', '6G', disk], { log })
  await run('resize2fs', [disk], { log })
  await run('qemu-img', ['convert', '-O', 'qcow2', disk, at('builder.qcow2')], { log })
  for (const name of ['etc', 'root', 'builder.ext2', 'builder.tar']) await rm(at(name), { recursive: true })
}
