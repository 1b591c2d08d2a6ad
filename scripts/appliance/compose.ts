// Prepares the inputs of packer, runs it, and gives the finished disk.
import { accessSync, constants } from 'node:fs'
import { copyFile, cp, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BaseName, bases, settingsOf } from '../../appliance/bases.ts'
import { makeCloudSeed } from '../../appliance/kickstart/cloud-seed.ts'
import { packagesFor } from '../../appliance/packages.ts'
import type { Base } from './debian-base.ts'
import { type Packages, RPM_QUERY } from './sbom-packages.ts'
import { run } from './tool.ts'

export interface Composition {
  readonly root: string
  /** Emptied first; holds inputs and outputs of this build. */
  readonly work: string
  readonly base: BaseName
  /** Undefined: what releases/<base>.pkrvars.hcl names. */
  readonly builder: Base | undefined
  readonly version: string
  /** Seconds since 1970. */
  readonly epoch: number
  /** update-root.json and keys/: whose releases it takes. */
  readonly trust: string
  /** image.conf. */
  readonly settings: string
  readonly log: (text: string) => void
  /** Called with the name of each step. */
  readonly at: (step: string) => void
}

export interface Composed {
  readonly rawPath: string
  readonly packages: Packages
}

export async function composeDisk(composition: Composition): Promise<Composed> {
  const { root, work, log } = composition
  await rm(work, { recursive: true, force: true })
  const inputs = join(work, 'inputs')
  await mkdir(inputs, { recursive: true })
  await putFiles(composition, join(inputs, 'files.tar.zst'))
  const { family, packages: kind } = bases[composition.base]
  await writeFile(join(inputs, 'packages'), `${packagesFor(family).join('\n')}\n`)
  if (composition.builder?.tree !== undefined) await linkOrCopy(composition.builder.tree, join(inputs, 'tree.tar.zst'))

  const folder = join(work, 'packer')
  await cp(join(root, 'packer'), folder, { recursive: true, filter: source => !source.endsWith('.ts') })
  const version = /v(\d+)\.(\d+)/.exec(await run('packer', ['version'], { log }))
  // before 1.7 plugins were built in, and a `packer` block is an error
  if (version !== null && Number(version[1]) === 1 && Number(version[2]) < 7) await rm(join(folder, 'plugins.pkr.hcl'), { force: true })
  else await run('packer', ['init', folder], { log })
  await writeFile(join(work, 'build.pkrvars.json'), JSON.stringify(await variables(composition, inputs), null, 2))
  const files = [
    `-var-file=${join(folder, 'releases', `${composition.base}.pkrvars.hcl`)}`,
    `-var-file=${join(work, 'build.pkrvars.json')}`,
  ]
  const line = (text: string) => {
    const step = /provision\/\d+-([a-z]+)\.sh|(Waiting for SSH|Uploading|Gracefully halting)/.exec(text)
    if (step !== null) composition.at(step[1] ?? step[2])
  }
  const args = ['build', '-color=false', '-timestamp-ui', '-only=qemu.builder', ...files, folder]
  await run('packer', args, { log, line, environment: { CHECKPOINT_DISABLE: '1', PACKER_CACHE_DIR: join(work, 'cache') } })
  composition.at('disk')
  const raw = join(work, 'disk.raw')
  await run('qemu-img', ['convert', '-O', 'raw', join(work, 'out', 'builder-1'), raw], { log })
  await rm(join(work, 'out'), { recursive: true })
  const text = await readFile(join(inputs, 'installed'), 'utf8')
  return { rawPath: raw, packages: { kind, text } }
}

/** appliance/rootfs, the release, and the files that differ between images. */
async function putFiles({ root, work, trust, settings, base, version, log, epoch }: Composition, archive: string): Promise<void> {
  const files = join(work, 'files')
  const ours = join(files, 'usr/lib/cyberalarm')
  await cp(join(root, 'appliance/rootfs'), files, { recursive: true })
  await cp(join(root, 'build/release'), ours, { recursive: true })
  await cp(trust, ours, { recursive: true })
  await writeFile(join(ours, 'image.conf'), settings)
  const { network } = bases[base]
  await writeFile(join(ours, 'image.json'), `${JSON.stringify({ version, base, network })}\n`)
  const args = [
    '-C',
    files,
    '--owner=0',
    '--group=0',
    '--sort=name',
    `--mtime=@${epoch}`,
    '--mode=u=rwX,go=rX',
    '--zstd',
    '-cf',
    archive,
    '.',
  ]
  await run('tar', args, { log })
  await rm(files, { recursive: true })
}

async function variables({ base, builder, version, epoch, work }: Composition, inputs: string): Promise<object> {
  const serial = ['-serial', `file:${join(work, 'builder.log')}`]
  const common = {
    base,
    version,
    source_date_epoch: epoch,
    inputs,
    rpm_query: RPM_QUERY,
    settings: settingsOf(base),
    output: join(work, 'out'),
    accelerator: accelerator(),
  }
  if (builder === undefined) {
    const seed = await makeCloudSeed(join(work, 'seed'))
    return { ...common, builder_key: seed.key, builder_arguments: [...seed.builderArguments, serial] }
  }
  const { disk, diskSha256, key, builderArguments } = builder
  return {
    ...common,
    builder_disk: disk,
    builder_checksum: `sha256:${diskSha256}`,
    builder_key: key,
    builder_arguments: [...builderArguments, serial],
  }
}

/** Some machines have a /dev/kvm that hangs guests, so KVM is used only where ACCELERATOR=kvm says that it works. */
function accelerator(): string {
  if (process.env.ACCELERATOR !== 'kvm') return 'tcg'
  accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  return 'kvm'
}

const linkOrCopy = (from: string, to: string): Promise<void> => link(from, to).catch(() => copyFile(from, to))
