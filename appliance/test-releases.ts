// Releases for tests of the guard: real parts with real hash trees, signed with three keys that the machine is given.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../agent/update/manifest.ts'
import type { Machine } from '../scripts/packages/test-machine.ts'
import { makeRelease, type PartSource } from '../scripts/release-parts.ts'

const standIn = join(import.meta.dirname, 'test-veritysetup.sh')
export const STATE = '/var/lib/cyberalarm-releases'
export const WANTED = '/var/lib/cyberalarm-update/wanted'

export interface SignedRelease {
  readonly manifest: Manifest
  /** With manifest, manifest.1 to manifest.3 and parts/, as it is handed over. */
  readonly folder: string
}

export class TestReleases {
  readonly keys: readonly KeyObject[]
  readonly #machine: Machine
  readonly #folder: string

  /** `folder` is seen as /packages on the machine, which then trusts the keys of this. */
  constructor(machine: Machine, folder: string) {
    this.#machine = machine
    this.#folder = folder
    const pairs = [1, 2, 3].map(() => generateKeyPairSync('ed25519'))
    this.keys = pairs.map(({ privateKey }) => privateKey)
    mkdirSync(join(folder, 'keys'))
    for (const [i, { publicKey }] of pairs.entries())
      writeFileSync(join(folder, `keys/${i + 1}.pem`), publicKey.export({ type: 'spki', format: 'pem' }))
    copyFileSync(standIn, join(folder, 'veritysetup'))
    machine.sh(
      'cp -r /packages/keys /usr/lib/cyberalarm/ && chown -R root:root /usr/lib/cyberalarm/keys && mkdir -p /usr/local/sbin && install -m 755 /packages/veritysetup /usr/local/sbin/',
    )
  }

  /** `sources` in place of two small files; `numbers` in place of version 1.0.N, number N. */
  make(number: number, numbers: Partial<Manifest> = {}, sources = this.#sources(number)): SignedRelease {
    const folder = join(this.#folder, `release-${number}`)
    const usual = { version: `1.0.${number}`, number, systemMin: 1, reads: 2, writes: 1 }
    const manifest = makeRelease(folder, { ...usual, ...numbers }, sources)
    this.sign(folder, this.keys.slice(0, 2))
    return { manifest, folder }
  }

  /** Signs what is in the folder with these keys, as signatures 1, 2, … */
  sign(folder: string, keys: readonly KeyObject[]): void {
    for (const i of [1, 2, 3]) rmSync(join(folder, `manifest.${i}`), { force: true })
    const bytes = readFileSync(join(folder, 'manifest'))
    for (const [i, key] of keys.entries()) writeFileSync(join(folder, `manifest.${i + 1}`), sign(null, bytes, key))
  }

  /** As if the guard had taken it into a slot before. */
  putInSlot({ folder, manifest }: SignedRelease, slot: 'a' | 'b', isGood = true): void {
    const from = `/packages/${folder.slice(this.#folder.length + 1)}`
    const marks = isGood ? `echo ${manifest.number} > ${slot}/good` : ':'
    this.#machine.sh(
      `cd ${STATE} && rm -rf ${slot} && mkdir -p ${slot} parts && cp ${from}/manifest* ${slot}/ && cp ${from}/parts/*.img parts/ && ${marks}`,
    )
  }

  /** As the updater does it. */
  handOver({ folder }: SignedRelease): void {
    const from = `/packages/${folder.slice(this.#folder.length + 1)}`
    this.#machine.sh(
      `rm -rf ${WANTED} && mkdir -p ${WANTED}/parts && cp ${from}/manifest* ${WANTED}/ && cp ${from}/parts/*.img ${WANTED}/parts/ && echo 'number 1' > ${WANTED}/draft && mv ${WANTED}/draft ${WANTED}/ready`,
    )
  }

  /** Files that any release consists of, the runtime always the same. */
  #sources(number: number): PartSource[] {
    const put = (path: string, text: string) => {
      const file = join(this.#folder, path)
      mkdirSync(join(file, '..'), { recursive: true })
      if (!existsSync(file)) writeFileSync(file, text)
    }
    put('source/runtime/bin/node', 'the same in each release\n'.repeat(2000))
    put(`source/agent-${number}/lib/main.js`, `release ${number}\n${'x'.repeat(20_000)}`)
    put(`source/agent-${number}/lib/environment`, 'NODE_FLAGS=\n')
    return [
      { kind: 'runtime', folder: join(this.#folder, 'source/runtime') },
      { kind: 'agent', folder: join(this.#folder, `source/agent-${number}`) },
    ]
  }
}
