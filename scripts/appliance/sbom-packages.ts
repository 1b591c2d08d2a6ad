// The packages of the base for the SBOM, from the database of dpkg or rpm. Pure. Only installed packages count, not those that
// were removed and left their configuration.
import { type Component, licensesOf, purlOf } from './sbom.ts'

export type Packages =
  /** The text of /var/lib/dpkg/status. */
  | { readonly kind: 'dpkg'; readonly text: string }
  /** What `rpm -qa --queryformat RPM_QUERY` prints. */
  | { readonly kind: 'rpm'; readonly text: string }

const RPM_FIELDS = ['NAME', 'EPOCHNUM', 'VERSION', 'RELEASE', 'ARCH', 'SOURCERPM', 'VENDOR', 'LICENSE'] as const
export const RPM_QUERY = `${RPM_FIELDS.map(field => `%{${field}}`).join('\\t')}\\n`

/** `base` as in the names of the files: debian-13, centos-stream-10. */
export function readPackages(packages: Packages, base: string): readonly Component[] {
  const found = packages.kind === 'dpkg' ? readDpkg(packages.text, base) : readRpm(packages.text, base)
  if (found.length === 0) throw new Error(`no package of the base found in the output of ${packages.kind}`)
  return found
}

function readDpkg(text: string, base: string): readonly Component[] {
  return text.split(/\n\n+/).flatMap(block => {
    const fields = new Map([...block.matchAll(/^([A-Za-z-]+): *(.*)$/gm)].map(([, key, value]) => [key, value]))
    const name = fields.get('Package')
    const version = fields.get('Version')
    if (!fields.get('Status')?.endsWith(' installed') || name === undefined || version === undefined) return []
    // `Source: glibc (2.41-1)` names a version only where the two differ (deb-control(5))
    const source = /^(\S+)(?: \((.+)\))?$/.exec(fields.get('Source') ?? '')
    const upstream = source === null ? undefined : `${source[1]}${source[2] === undefined ? '' : `@${source[2]}`}`
    const purl = purlOf('deb', ['debian', name], version, { arch: fields.get('Architecture'), distro: base, upstream })
    const maintainer = fields.get('Maintainer')
    return [{ type: 'library', name, version, purl, ...(maintainer === undefined ? {} : { supplier: { name: maintainer } }) }]
  })
}

function readRpm(text: string, base: string): readonly Component[] {
  return text.split('\n').flatMap((line, i): readonly Component[] => {
    if (line === '') return []
    const fields = line.split('\t')
    if (fields.length !== RPM_FIELDS.length) throw new Error(`line ${i + 1} of the list of rpm packages was not made with RPM_QUERY`)
    const [name, epoch, version, release, arch, source, vendor, license] = fields.map(field => (field === '(none)' ? '' : field))
    // the keys that rpm trusts stand in its list like packages
    if (name === 'gpg-pubkey') return []
    const full = `${version}-${release}`
    const purl = purlOf('rpm', ['centos', name], full, { arch, distro: base, epoch: epoch === '0' ? '' : epoch, upstream: source })
    const supplier = vendor === '' ? {} : { supplier: { name: vendor } }
    return [{ type: 'library', name, version: full, purl, ...supplier, ...licensesOf(license) }]
  })
}
