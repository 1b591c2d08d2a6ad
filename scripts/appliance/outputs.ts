// What a build leaves behind: OVA, compressed image with its block map, qcow2, SBOM, and the signed sums of all of them, in one
// folder of their own. Same image, version, time and tools: same bytes. The sums go first and come last, so that when they
// exist, everything they name is whole.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeOva } from '../../ova/ova.ts'
import type { GuestName, Hardware, Product } from '../../ova/ovf.ts'
import { formatBmap } from './bmap.ts'
import { makeBmap } from './bmap-scan.ts'
import { compressImage, ZSTD_LEVEL } from './outputs-compress.ts'
import { convertToQcow2 } from './outputs-qcow2.ts'
import { formatSbom } from './sbom.ts'
import { type Packages, readPackages } from './sbom-packages.ts'
import { type Release, readRelease } from './sbom-release.ts'
import { formatSums, SIGNATURE, SIGNERS, SUMS, sumOfFile } from './sums.ts'
import { chooseSigningKey, formatSigners, signSums } from './sums-sign.ts'

export interface OutputsRequest {
  readonly rawPath: string
  /** For this version and base only: what an earlier run left here goes. */
  readonly folder: string
  readonly version: string
  readonly base: string
  readonly guest: GuestName
  /** Without version. */
  readonly product: Omit<Product, 'version'>
  /** Seconds since 1970: SOURCE_DATE_EPOCH. */
  readonly modified: number
  readonly packages: Packages
  readonly release: Release
  /** Partitions under dm-verity, see bmap-map.ts. */
  readonly sealed?: readonly string[]
  /** SIGNING_KEY; without it, a key is made in `keyFolder`. */
  readonly signingKey?: string
  readonly keyFolder: string
  readonly zstdLevel?: number
  readonly machine?: Hardware
  readonly progress?: (step: string, doneBytes: number, allBytes: number) => void
}

export interface Outputs {
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
  /** About the key: to be shown as it is. */
  readonly signature: string
}

export async function writeOutputs(request: OutputsRequest): Promise<Outputs> {
  const { rawPath, folder, version, base, modified, progress } = request
  const name = outputName(version, base)
  await mkdir(folder, { recursive: true })
  await rm(join(folder, SUMS), { force: true })
  for (const old of await readdir(folder)) if (ours.test(old)) await rm(join(folder, old))
  const progressOf = (step: string) => (done: number, all: number) => progress?.(step, done, all)
  const at = (suffix: string): string => join(folder, `${name}${suffix}`)

  const components = [...readPackages(request.packages, base), ...readRelease(request.release)]
  await place(at('.cdx.json'), formatSbom({ version, base, modified, components }))
  const sealed = request.sealed ?? []
  await place(at('.bmap'), formatBmap(await makeBmap(rawPath, { sealed, progress: progressOf('block map') })))
  await compressImage(rawPath, at('.img.zst'), { level: request.zstdLevel ?? ZSTD_LEVEL, progress: progressOf('image') })
  await convertToQcow2(rawPath, at('.qcow2'), progressOf('qcow2'))
  await makeOva({
    rawPath,
    ovaPath: at('.ova'),
    product: { ...request.product, version },
    guest: request.guest,
    modified,
    progress: progressOf('OVA'),
    ...(request.machine === undefined ? {} : { machine: request.machine }),
  })

  const files = []
  for (const suffix of ['.bmap', '.cdx.json', '.img.zst', '.ova', '.qcow2']) {
    const sha256 = await sumOfFile(at(suffix))
    files.push({ name: `${name}${suffix}`, bytes: (await stat(at(suffix))).size, sha256 })
  }
  const key = await chooseSigningKey(request.signingKey, request.keyFolder)
  const sums = formatSums(new Map(files.map(file => [file.name, file.sha256])))
  await place(join(folder, SIGNERS), formatSigners(key))
  await place(join(folder, SIGNATURE), await signSums(sums, key))
  await place(join(folder, SUMS), sums)
  return {
    files,
    signature: key.isOwn ? OWN_KEY : `Signed with ${key.path}. Publish the fingerprint of this key where people already trust you.`,
  }
}

const OWN_KEY =
  'Signed with a key that this checkout made for itself. That shows only that the files are as this build left them; to anybody ' +
  'else it proves nothing, as everybody can make such a key. For a release, build with SIGNING_KEY=path of an Ed25519 SSH key.'

const ours =
  /^(?:cyberalarm-.*\.(?:ova|img\.zst|bmap|qcow2|cdx\.json)(?:\.disk)?(?:\.draft)?|SHA256SUMS(?:\.sig)?(?:\.draft)?|allowed_signers)$/

export function outputName(version: string, base: string): string {
  for (const part of [version, base])
    if (!/^[a-z0-9][a-z0-9.+-]{0,62}$/.test(part)) throw new Error(`'${part}' can't be part of a file's name`)
  return `cyberalarm-${version}-${base}`
}

async function place(path: string, text: string): Promise<void> {
  await writeFile(`${path}.draft`, text, { flush: true })
  await rename(`${path}.draft`, path)
}
