// Our own part of the SBOM: what the bundles of the release really contain of npm packages, from esbuild's metafile, with
// versions, hashes and licences from the lock file; and Node.js with what is linked into it. Pure. A package that the lock file
// does not know is an error, not a gap.
import { type Component, licensesOf, purlOf } from './sbom.ts'

export interface Release {
  /** esbuild's metafile of the release. */
  readonly metafile: { readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, BundledFile>> }>> }
  /** package-lock.json, version 3. */
  readonly lock: { readonly packages: Readonly<Record<string, LockedPackage>> }
  /** `process.versions` of the Node.js that the release carries. */
  readonly versions: Readonly<Record<string, string | undefined>>
  readonly arch: string
  /** Packages that lie beside the bundles, by their folders: the native receiver. */
  readonly beside: readonly string[]
}

export interface BundledFile {
  /** 0 for what was reached but left out, as nobody calls it. */
  readonly bytesInOutput: number
}

export interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly link?: boolean
}

export function readRelease({ metafile, lock, versions, arch, beside }: Release): readonly Component[] {
  const files = Object.values(metafile.outputs).flatMap(output => Object.entries(output.inputs))
  const bundled = files.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput === 0 ? [] : (/^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []),
  )
  const packages = new Map<string, Component>()
  for (const folder of [...bundled, ...beside]) {
    const component = packageAt(folder, lock)
    packages.set(component.purl ?? component.name, component)
  }
  const carrier = packageAt(`node_modules/node-linux-${arch}`, lock)
  if (carrier.version !== versions.node) throw new Error(`Node.js ${versions.node} is not the one of the lock file, ${carrier.version}`)
  return [...packages.values(), nodeOf(versions, carrier)]
}

function packageAt(folder: string, lock: Release['lock']): Component {
  const entry = lock.packages[folder]
  const locked = entry?.link === true && entry.resolved !== undefined ? lock.packages[entry.resolved] : entry
  if (locked?.version === undefined) throw new Error(`${folder} is part of the release, but the lock file does not know it`)
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const { version, integrity, license } = locked
  return {
    type: 'library',
    name,
    version,
    purl: purlOf('npm', name.split('/'), version),
    ...hashesOf(integrity),
    ...licensesOf(license),
  }
}

/** Subresource Integrity to CycloneDX: the hash of the package as the registry serves it. */
function hashesOf(integrity: string | undefined): Pick<Component, 'hashes'> {
  const match = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(integrity ?? '')
  return match === null ? {} : { hashes: [{ alg: 'SHA-512', content: Buffer.from(match[1], 'base64').toString('hex') }] }
}

/** Names in `process.versions` that are no software of their own. */
const notSoftware = new Set(['node', 'modules', 'napi', 'unicode', 'cldr', 'tz'])

function nodeOf(versions: Release['versions'], carrier: Component): Component {
  const version = String(versions.node)
  const parts = Object.entries(versions).flatMap(([name, value]): readonly Component[] =>
    value === undefined || notSoftware.has(name) ? [] : [{ type: 'library', name, version: value, purl: purlOf('generic', [name], value) }],
  )
  return {
    type: 'platform',
    name: 'node',
    version,
    description: `Node.js, from the npm package ${carrier.name}, with the libraries linked into it`,
    purl: purlOf('generic', ['node'], version),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    ...(carrier.hashes === undefined ? {} : { hashes: carrier.hashes }),
    licenses: [{ expression: 'MIT' }],
    components: parts.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
