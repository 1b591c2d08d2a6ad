// Builds what runs on a box into build/release: the agent in a few JavaScript files, the native receiver and Node.js itself.
//   bin/cyberalarm   starts it        lib/   the program        bin/node   the pinned Node.js
// One bundle starts faster and takes 40 MiB less than the sources with all their packages: types need not be stripped, and
// what nobody calls is left out.
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { $ } from 'zx'
import manifest from '../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '..')
const release = join(root, 'build', 'release')
const addon = join('node_modules', 'node-netfilter-log')

// packages written for CommonJS ask for `require` in the middle of an ES module
const requireForCommonJs = "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);"

const launcher = `#!/bin/sh
# Starts the agent of the release that this file belongs to. Of 174 MiB under load about 110 are left by three things: malloc
# gives back what compression needed (each thread kept 10 MiB of it), the nursery of the heap is small, for little is born,
# and V8 goes without its middle compiler (14 MiB; what runs all day is compiled by the last one anyway).
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 UV_THREADPOOL_SIZE=2
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" --max-semi-space-size=1 --no-maglev "$here/../lib/main.js" "$@"
`

$.cwd = root
rmSync(release, { recursive: true, force: true })
await $`bash scripts/build-addon.sh`
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['agent/main.ts'],
  outdir: join(release, 'lib'),
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
const { name, version, license } = manifest
writeFileSync(join(release, 'lib', 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' }, null, 2)}\n`)
for (const file of ['package.json', 'index.js', 'build/nflog.node']) cpSync(join(root, addon, file), join(release, 'lib', addon, file))
mkdirSync(join(release, 'bin'))
copyFileSync(join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'), join(release, 'bin', 'node'))
writeFileSync(join(release, 'bin', 'cyberalarm'), launcher)
for (const program of ['node', 'cyberalarm']) chmodSync(join(release, 'bin', program), 0o755)
const bytes = Object.values(metafile.outputs).reduce((total, output) => total + output.bytes, 0)
console.log(
  `build/release: ${name} ${version}, ${Object.keys(metafile.outputs).length} files of JavaScript, ${Math.round(bytes / 1024)} KiB`,
)
