// The one-line installer, its sums and their signature: what lies on the download server beside the packages.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatSums, SIGNATURE, SIGNERS, SUMS, sumOfFile } from '../appliance/sums.ts'
import { formatSigners, type SigningKey, signSums } from '../appliance/sums-sign.ts'

const software = join(import.meta.dirname, '../../appliance/software')

/** install.sh as one file, with each part of it in the place of the line that reads it in. */
export function joinInstaller(): string {
  const read = (name: string): string => readFileSync(join(software, name), 'utf8')
  return read('install.sh').replaceAll(/^\. (install\/[a-z]+\.sh)\n/gm, (_, part) => `\n${read(part)}`)
}

/** Throws an Error where an address could end the quotes of the script. */
export function fillInstaller(text: string, base: string, publicKey: string): string {
  if (!/^https?:\/\/[\w.:[\]/-]+[^/]$/.test(base)) throw new Error(`--base-url is an https:// address without a / at its end, not ${base}`)
  if (!/^[\w@. +/=-]+$/.test(publicKey)) throw new Error('this is not a public key')
  return text.replaceAll('@BASE@', () => base).replaceAll('@KEY@', () => publicKey)
}

/** Writes install.sh, SHA256SUMS, its signature and the signer into a folder of packages. */
export async function writeDownloads(folder: string, base: string, key: SigningKey): Promise<void> {
  writeFileSync(join(folder, 'install.sh'), fillInstaller(joinInstaller(), base, key.publicKey), { mode: 0o755 })
  const names = readdirSync(folder).filter(name => /\.(deb|rpm|sh)$/.test(name))
  const sums = formatSums(new Map(await Promise.all(names.map(async name => [name, await sumOfFile(join(folder, name))] as const))))
  writeFileSync(join(folder, SUMS), sums)
  writeFileSync(join(folder, SIGNATURE), await signSums(sums, key))
  writeFileSync(join(folder, SIGNERS), formatSigners(key))
}
