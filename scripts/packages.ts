// Makes what a member installs on a Linux server of its own, into build/packages: a .deb, a .rpm, the one-line installer, sums and
// their signature. Takes build/release (`make release`).
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseSettings } from '../agent/settings/table.ts'
import { chooseSigningKey } from './appliance/sums-sign.ts'
import { readOptions } from './options.ts'
import { writeDownloads } from './packages/installer.ts'
import { distributions } from './packages/libraries.ts'
import { makePackages } from './packages/make.ts'
import { sourceDate } from './source-date.ts'

const top = join(import.meta.dirname, '..')
const release = join(top, 'build/release')
const folder = join(top, 'build/packages')
const options = readOptions({
  name: 'node scripts/packages.ts',
  help: 'Makes a .deb, a .rpm, install.sh and a signed SHA256SUMS from build/release, in build/packages.\nMembers install the .deb or .rpm on their own Linux servers.',
  example: "make packages ARGS='--base-url https://download.example/cyberalarm --central central.conf --key release.pub'",
  options: {
    'base-url': { value: 'URL', help: 'where the folder will be served, for install.sh', default: 'https://download.example/cyberalarm' },
    central: { value: 'FILE', help: 'file with central.url and central.pins to include in the packages' },
    'update-root': {
      value: 'FILE',
      help: 'update-root.json of `node scripts/updates.ts for-images`: then machines say when a newer package is there',
    },
    key: {
      value: 'FILE',
      help: 'release key (Ed25519): the private key, or the .pub of a key in ssh-agent or on a token; default $SIGNING_KEY',
    },
  },
})
if (!existsSync(join(release, 'runtime/bin/node'))) throw new Error('build/release does not exist: run make release')
const time = sourceDate(top)
const settings = options.central === undefined ? undefined : parseSettings(readFileSync(options.central, 'utf8'), options.central)
const central = settings && { url: settings['central.url'], pins: settings['central.pins'] }
rmSync(folder, { recursive: true, force: true })
const updateRoot = options['update-root'] === undefined ? undefined : readFileSync(options['update-root'])
const made = makePackages({ release, folder, time, central, updateRoot, isQuick: false })
const key = await chooseSigningKey(options.key ?? process.env.SIGNING_KEY, join(top, 'build/keys'))
await writeDownloads(folder, options['base-url'], key)
for (const name of [made.deb, made.rpm])
  console.log(`build/packages/${name}: ${Math.round(statSync(join(folder, name)).size / 1024 ** 2)} MiB`)
console.log(`needs glibc ${made.needs.symbols.GLIBC}; runs on ${distributions.map(one => one.name).join(', ')}`)
console.log(
  `install.sh is for ${options['base-url']}${key.isOwn ? ', signed with a key of this checkout, which others should not trust' : ''}`,
)
