// Runs Packer on a copy of the templates, as a build does: without plugins.pkr.hcl where that is an error. Nothing is downloaded
// and nothing is started; `validate` only reads.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const here = import.meta.dirname

export interface Packer {
  readonly command: string
  readonly version: string
  /** Before 1.7: builders are built in. */
  readonly isOld: boolean
}

export interface Output {
  readonly status: number | null
  readonly text: string
}

export function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Output {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, CHECKPOINT_DISABLE: '1', ...environment },
  })
  return { status: done.status, text: stripVTControlCharacters(`${done.stdout ?? ''}${done.stderr ?? ''}`) }
}

export const has = (command: string, question: string): boolean => run(command, [question]).status === 0

/** Those of this machine: `packer` and what PACKER_CURRENT names. */
export function findPackers(): readonly Packer[] {
  return [...new Set(['packer', process.env.PACKER_CURRENT ?? 'packer'])].flatMap(command => {
    const version = /v(\d+)\.(\d+)\.\d+/.exec(run(command, ['version']).text)
    return version === null ? [] : [{ command, version: version[0], isOld: Number(version[1]) === 1 && Number(version[2]) < 7 }]
  })
}

export interface Checkout {
  /** `values` come last; `args` are options such as -only=qemu.builder. */
  validate(base: string, values: Readonly<Record<string, unknown>>, ...args: readonly string[]): Output
  readonly templates: string
}

export function checkOut(folder: string, { command, isOld }: Packer): Checkout {
  const root = mkdtempSync(join(folder, 'packer-'))
  const templates = join(root, 'packer')
  cpSync(here, templates, { recursive: true, filter: source => !source.endsWith('.ts') && !(isOld && source.endsWith('plugins.pkr.hcl')) })
  cpSync(join(here, '../appliance/kickstart'), join(root, 'appliance/kickstart'), { recursive: true })
  mkdirSync(join(root, 'inputs'))
  const key = join(root, 'key')
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const good = {
    version: '1.2.3',
    source_date_epoch: 1_767_225_600,
    inputs: join(root, 'inputs'),
    output: join(root, 'out'),
    builder_key: key,
  }
  const disk = { builder_disk: join(root, 'disk.qcow2'), builder_checksum: `sha256:${'0'.repeat(64)}` }
  return {
    templates,
    validate(base, values, ...args) {
      rmSync(good.output, { recursive: true, force: true }) // the export of vSphere makes it while it is validated
      const variables = join(root, 'build.pkrvars.json')
      writeFileSync(variables, JSON.stringify({ base, ...good, ...(base === 'debian-13' ? disk : {}), ...values }))
      const files = [`-var-file=${join(templates, 'releases', `${base}.pkrvars.hcl`)}`, `-var-file=${variables}`]
      return run(command, ['validate', ...args, ...files, templates], { PACKER_CACHE_DIR: join(root, 'cache') })
    },
  }
}
