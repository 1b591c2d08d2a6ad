// Builds what runs on a box into build/release, laid out as it is installed below /usr/lib/cyberalarm:
//   agent/    the agent: a part of each release        box/   the appliance's own programs, which stay with the system
//   runtime/  the pinned Node.js: a part of each release        bin/   what opens the packet log
//   release, system   what the parts are, and which releases the system takes
// The parts themselves, as they are signed and sent, lie in build/parts (release-parts.ts).
// One bundle starts faster and takes 40 MiB less than the sources with all their packages: types need not be stripped, and
// unused code is left out. Agent and box share no file: the box's programs have to work when a release does not.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { $ } from 'zx'
import { formatManifest } from '../agent/update/manifest.ts'
import manifest from '../package.json' with { type: 'json' }
import { numbers, systemText } from './release-numbers.ts'
import { makeRelease } from './release-parts.ts'
import { knownSourceDate } from './source-date.ts'

const root = join(import.meta.dirname, '..')
const release = join(root, 'build', 'release')
const addon = join('node_modules', 'node-netfilter-log')
/** Bundles by the folder they are installed in, each with the program that starts it and the file it starts in. */
const bundles = [
  { folder: 'agent', program: 'cyberalarm', entry: 'main', source: 'agent/main.ts' },
  { folder: 'box', program: 'cyberalarm-box', entry: 'box', source: 'appliance/box/main.ts' },
] as const

// packages written for CommonJS ask for `require` in the middle of an ES module
const requireForCommonJs = "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);"

const environment = `# For EnvironmentFile= of the units, and for the launchers. Of 174 MiB under load about 110 are left by three things: malloc
# gives back what compression needed (each thread kept 10 MiB of it), the nursery of the heap is small, for little is born,
# and V8 goes without its middle compiler (14 MiB; what runs all day is compiled by the last one anyway).
# SIGUSR1 does not open the inspector, with which every user of the machine could do what the agent can.
MALLOC_ARENA_MAX=1
MALLOC_MMAP_THRESHOLD_=131072
UV_THREADPOOL_SIZE=2
NODE_FLAGS="--max-semi-space-size=1 --no-maglev --disable-sigusr1"
`

const launcher = (entry: string) => `#!/bin/sh
# Starts what belongs to the same release as this file.
here=$(dirname "$(readlink -f "$0")")
set -a
. "$here/../lib/environment"
set +a
# shellcheck disable=SC2086 # words
exec "$here/../../runtime/bin/node" $NODE_FLAGS "$here/../lib/${entry}.js" "$@"
`
const { name, version, release: number, license } = manifest
/** By which health tells the age of a release: the same for the same commit, so that the bytes are. */
const madeAt = knownSourceDate(root)

async function bundle({ folder, program, entry, source }: (typeof bundles)[number]): Promise<Metafile> {
  const lib = join(release, folder, 'lib')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { [entry]: source },
    outdir: lib,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    external: ['node-netfilter-log'],
    banner: { js: requireForCommonJs },
    legalComments: 'eof',
    metafile: true,
  })
  writeFileSync(
    join(lib, 'package.json'),
    `${JSON.stringify({ name, version, release: number, made: madeAt, license, type: 'module' }, null, 2)}\n`,
  )
  writeFileSync(join(lib, 'environment'), environment)
  install(join('bin', program), folder, launcher(entry))
  return metafile
}

/** A program below `folder`, from its text. */
function install(path: string, folder: string, content: string | Buffer): void {
  const to = join(release, folder, path)
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, content)
  chmodSync(to, 0o755)
}

$.cwd = root
rmSync(release, { recursive: true, force: true })
await $`bash scripts/build-addon.sh`
const metafiles = []
for (const each of bundles) metafiles.push(await bundle(each))
const outputs = Object.assign({}, ...metafiles.map(metafile => metafile.outputs)) as Metafile['outputs']
// for the bill of materials
writeFileSync(join(root, 'build', 'release.metafile.json'), JSON.stringify({ outputs }))
for (const file of ['package.json', 'index.js', 'build/nflog.node'])
  cpSync(join(root, addon, file), join(release, 'agent/lib', addon, file))
// Copied by the kernel: a file that was written in one go lies in its cache in large pieces, of which a process that is started soon after
// counts 33 MiB more as its own.
mkdirSync(join(release, 'runtime/bin'), { recursive: true })
copyFileSync(join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'), join(release, 'runtime/bin/node'))
chmodSync(join(release, 'runtime/bin/node'), 0o755)
install('bin/open-nflog', '.', readFileSync(join(root, 'build', 'open-nflog')))
// the same modes whatever umask the builder has, for they are in the parts
for (const entry of readdirSync(release, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  chmodSync(path, entry.isDirectory() || statSync(path).mode & 0o100 ? 0o755 : 0o644)
}
const parts = ['runtime', 'agent'].map(kind => ({ kind, folder: join(release, kind) }))
const made = makeRelease(join(root, 'build/parts'), numbers, parts)
writeFileSync(join(release, 'release'), formatManifest(made))
writeFileSync(join(release, 'system'), systemText)
const bytes = Object.values(outputs).reduce((total, output) => total + output.bytes, 0)
console.log(`build/release: ${name} ${version}, ${Object.keys(outputs).length} files of JavaScript, ${Math.round(bytes / 1024)} KiB`)
for (const { kind, rootHash } of made.parts)
  console.log(
    `build/parts: ${kind} ${rootHash.slice(0, 12)}, ${Math.ceil(statSync(join(root, `build/parts/parts/${rootHash}.img`)).size / 1024)} KiB`,
  )
