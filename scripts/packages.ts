// Makes what a member installs on a Linux server of its own, into build/packages: a .deb, a .rpm, the one-line installer, sums and
// their signature. Takes build/release (`make release`).
//   node scripts/packages.ts [--base-url URL] [--central FILE] [--key FILE]
//     --base-url   where the folder will be served, for install.sh
//     --central    settings (central.url, central.pins) of the central that the packages are for
//     --key        the release key (Ed25519; private, or the .pub of one that an agent or token holds); else SIGNING_KEY=
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseSettings } from '../agent/settings/table.ts'
import { chooseSigningKey } from './appliance/sums-sign.ts'
import { writeDownloads } from './packages/installer.ts'
import { distributions } from './packages/libraries.ts'
import { makePackages } from './packages/make.ts'

const top = join(import.meta.dirname, '..')
const release = join(top, 'build/release')
const folder = join(top, 'build/packages')
const { values } = parseArgs({
  options: {
    'base-url': { type: 'string', default: 'https://download.example/cyberalarm' },
    central: { type: 'string' },
    key: { type: 'string' },
  },
})
if (!existsSync(join(release, 'bin/node'))) throw new Error('there is no build/release: make release')
const lastChange = () => execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: top, encoding: 'utf8' })
const time = Number(process.env.SOURCE_DATE_EPOCH ?? lastChange())
const settings = values.central === undefined ? undefined : parseSettings(readFileSync(values.central, 'utf8'), values.central)
const central = settings && { url: settings['central.url'], pins: settings['central.pins'] }
rmSync(folder, { recursive: true, force: true })
const made = makePackages({ release, folder, time, central, isQuick: false })
const key = await chooseSigningKey(values.key ?? process.env.SIGNING_KEY, join(top, 'build/keys'))
await writeDownloads(folder, values['base-url'], key)
for (const name of [made.deb, made.rpm])
  console.log(`build/packages/${name}: ${Math.round(statSync(join(folder, name)).size / 1024 ** 2)} MiB`)
console.log(`needs glibc ${made.needs.symbols.GLIBC}; runs on ${distributions.map(one => one.name).join(', ')}`)
console.log(
  `install.sh is for ${values['base-url']}${key.isOwn ? ', signed with a key of this checkout, which proves nothing to others' : ''}`,
)
