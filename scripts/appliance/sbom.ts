// The list of what an image is made of (SBOM), as CycloneDX 1.6 JSON (ECMA-424): the packages of the base, the npm packages
// that the bundles really hold, Node.js and what is linked into it. Pure: same arguments, same bytes; its serial number is
// made from what it lists and its time is the one of the sources.
import { createHash } from 'node:crypto'

export interface Component {
  readonly type: 'application' | 'library' | 'operating-system' | 'platform'
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly cpe?: string
  readonly supplier?: { readonly name: string }
  readonly description?: string
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-384' | 'SHA-512'; readonly content: string }[]
  readonly licenses?: readonly ({ readonly expression: string } | { readonly license: { readonly name: string } })[]
  readonly components?: readonly Component[]
}

export interface SbomFacts {
  readonly version: string
  /** As in the names of the files: debian-13. */
  readonly base: string
  /** Seconds since 1970. */
  readonly modified: number
  readonly components: readonly Component[]
}

export function formatSbom({ version, base, modified, components }: SbomFacts): string {
  const image = { 'bom-ref': 'image', type: 'operating-system', name: `cyberalarm-${base}`, version } as const
  const listed = [...components].sort((a, b) => (refOf(a) < refOf(b) ? -1 : 1)).map(component => withRef(component))
  const refs = listed.map(component => component['bom-ref'])
  const twice = refs.find((ref, i) => ref === refs[i + 1])
  if (twice !== undefined) throw new Error(`${twice} would stand twice in the SBOM`)
  const body = {
    version: 1,
    metadata: { timestamp: new Date(modified * 1000).toISOString(), component: image },
    components: listed,
    dependencies: [{ ref: 'image', dependsOn: refs }, ...refs.map(ref => ({ ref }))],
  }
  const head = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`,
  }
  return `${JSON.stringify({ ...head, ...body }, null, 1)}\n`
}

const refOf = ({ purl, name, version }: Component): string => purl ?? `${name}@${version}`

function withRef(component: Component, inside = ''): { readonly 'bom-ref': string } & Component {
  const ref = inside + refOf(component)
  const { components, ...rest } = component
  const parts = components?.map(part => withRef(part, `${ref}#`))
  return { 'bom-ref': ref, ...rest, ...(parts === undefined ? {} : { components: parts }) }
}

/** RFC 9562 §5.8: version 8, made from a hash. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A package URL (ECMA-427): what a scanner looks vulnerabilities up by. Qualifiers without value are left out. */
export function purlOf(
  type: string,
  path: readonly string[],
  version: string,
  qualifiers: Readonly<Record<string, string | undefined>> = {},
): string {
  const tail = Object.entries(qualifiers)
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join('&')
  return `pkg:${type}/${path.map(encode).join('/')}@${encode(version)}${tail === '' ? '' : `?${tail}`}`
}
const encode = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':')

/** An SPDX expression where the text can be one, else its words: CycloneDX takes no others. */
export function licensesOf(text: string | undefined): Pick<Component, 'licenses'> {
  if (text === undefined || text.trim() === '') return {}
  const isExpression = /^\(?[A-Za-z0-9.+-]+\)?(?: (?:AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)*$/.test(text)
  return { licenses: [isExpression ? { expression: text } : { license: { name: text } }] }
}
