// How a cloud image of CentOS becomes the machine that composes the disk: an ssh key of this build, and a small FAT disk named
// CIDATA from which cloud-init takes it (data source NoCloud). The key is in no box, and the disk is deleted with the build.
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Seed {
  /** Private ssh key; its public half lies beside it. */
  readonly key: string
  readonly builderArguments: readonly (readonly string[])[]
}

/** What cloud-init reads, by name of the file. Throws if `publicKey` is anything but one line of an Ed25519 key. */
export function seedFiles(publicKey: string): Readonly<Record<'user-data' | 'meta-data', string>> {
  const key = /^ssh-ed25519 [A-Za-z0-9+/]{68}(?=[ \n]|$)/.exec(publicKey)?.[0]
  if (key === undefined || publicKey.trimEnd().includes('\n'))
    throw new Error('the public key is not one line that begins with ssh-ed25519')
  const user = { name: 'builder', lock_passwd: true, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', ssh_authorized_keys: [key] }
  return {
    // JSON is YAML, and needs no rules of quoting
    'user-data': `#cloud-config\n${JSON.stringify({ users: [user], ssh_pwauth: false }, null, 2)}\n`,
    'meta-data': `${JSON.stringify({ 'instance-id': 'cyberalarm-builder', 'local-hostname': 'builder' })}\n`,
  }
}

/** Makes key and disk in `folder`, which is emptied first. Needs ssh-keygen and mtools. */
export async function makeCloudSeed(folder: string): Promise<Seed> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const key = join(folder, 'key')
  const disk = join(folder, 'seed.img')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'builder', '-f', key])
  const files = Object.entries(seedFiles(await readFile(`${key}.pub`, 'utf8')))
  for (const [name, text] of files) await writeFile(join(folder, name), text)
  await run('mformat', ['-C', '-i', disk, '-f', '1440', '-v', 'CIDATA', '::'])
  await run('mcopy', ['-i', disk, ...files.map(([name]) => join(folder, name)), '::/'])
  return {
    key,
    builderArguments: [
      // Stream 10 is built for x86-64-v3; QEMU's default processor is v1, and the kernel then stops without a message
      ['-cpu', 'max'],
      ['-hdb', disk],
    ],
  }
}
