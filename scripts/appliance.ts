// `make appliance`: from this checkout to what a member deploys, flashes or runs.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { bases } from '../appliance/bases.ts'
import manifest from '../package.json' with { type: 'json' }
import lock from '../package-lock.json' with { type: 'json' }
import { chooseBase } from './appliance/choose-base.ts'
import { composeDisk } from './appliance/compose.ts'
import { makeDebianBase } from './appliance/debian-base.ts'
import { imageSettings } from './appliance/image-settings.ts'
import { writeOutputs } from './appliance/outputs.ts'
import { Steps } from './appliance/steps.ts'
import { run } from './appliance/tool.ts'
import { chooseTrust } from './appliance/trust.ts'
import { readOptions } from './options.ts'
import { sourceDate } from './source-date.ts'

readOptions({
  name: 'node scripts/appliance.ts',
  help: `Builds the disk of the appliance, and from it an OVA, a disk image and a qcow2. Environment variables:
  BASE           debian-13, centos-stream-10 or centos-stream-9 (default chosen by what this machine reaches)
  CENTRAL_URL    with CENTRAL_PINS: how appliances find central; neither the OVF form nor the console asks
  UPDATE_TRUST   folder with the keys whose releases appliances take (node scripts/updates.ts for-images; default keys of this
                 checkout, which end after 30 days and are no keys for members)
  SIGNING_KEY    file of the release key (default a key of this checkout, which others should not trust)
  OUTPUT         folder to write (default build/appliance/VERSION-BASE)
  ACCELERATOR    kvm, where KVM is known to work (default tcg, which takes minutes longer)`,
  example: 'make appliance BASE=debian-13 CENTRAL_URL=https://central.example CENTRAL_PINS=sha256/...',
  options: {},
})
const root = join(import.meta.dirname, '..')
const build = join(root, 'build', 'appliance')
const { version } = manifest
const environment = process.env

const { base, why } = await chooseBase(environment.BASE)
const centralUrl = environment.CENTRAL_URL ?? ''
const settings = imageSettings(centralUrl, environment.CENTRAL_PINS ?? '')
const trust = chooseTrust(environment.UPDATE_TRUST, root, Date.now())
const folder = environment.OUTPUT ?? join(build, `${version}-${base}`)
mkdirSync(build, { recursive: true })
const steps = new Steps(join(build, 'build.log'))
const log = (text: string) => steps.log(text)
console.log(`CyberAlarm ${version} on ${base} (${why})`)
console.log(`The output of all tools is in ${relative(process.cwd(), join(build, 'build.log'))}.\n`)

await steps.run('building the release: agent, box programs, Node.js', async () =>
  run(process.execPath, ['scripts/build-release.ts'], { log }),
)
const builder =
  base === 'debian-13'
    ? await steps.run('installing Debian packages and a build machine', async at => {
        at('mmdebstrap takes about two minutes; kept for a day')
        return makeDebianBase({ root, cache: join(build, 'cache'), log })
      })
    : undefined
const { rawPath, packages } = await steps.run('building the disk in the build machine', at =>
  composeDisk({ root, work: join(build, 'work'), base, builder, version, epoch: sourceDate(root), trust: trust.folder, settings, log, at }),
)
const { files, signature } = await steps.run('writing OVA, image with block map, qcow2 and bill of materials', async at =>
  writeOutputs({
    rawPath,
    folder,
    version,
    base,
    guest: bases[base].guest,
    product: { id: 'cyberalarm', name: 'CyberAlarm', vendor: 'CyberAlarm' },
    modified: sourceDate(root),
    packages,
    release: {
      metafile: JSON.parse(readFileSync(join(root, 'build/release.metafile.json'), 'utf8')),
      lock,
      versions: process.versions,
      arch: process.arch,
      beside: ['node_modules/node-netfilter-log'],
    },
    sealed: ['root-a', 'root-b'],
    ...(environment.SIGNING_KEY === undefined ? {} : { signingKey: environment.SIGNING_KEY }),
    keyFolder: join(root, 'build', 'signing'),
    progress: (step, done, all) => at(`${step} ${Math.round((100 * done) / Math.max(all, 1))} %`),
  }),
)

console.log(`\n${relative(process.cwd(), folder)}/, in ${steps.elapsed}`)
for (const { name, bytes } of files) console.log(`  ${name.padEnd(44)} ${(bytes / 1e6).toFixed(1).padStart(8)} MB`)
console.log(`  ${'SHA256SUMS, SHA256SUMS.sig, allowed_signers'}\n\n${signature}`)
if (trust.isDevelopment)
  console.log(`
The image takes releases signed with the keys of developers in ${relative(process.cwd(), trust.folder)}, which end within 30 days.`)
if (centralUrl === '')
  console.log(`
The image has no central, and neither the OVF form nor the console asks for one. Build it with CENTRAL_URL= and CENTRAL_PINS=;
or give each appliance central.url and central.pins in cyberalarm.conf on its FAT partition, or under VMware in the guest
variables guestinfo.cyberalarm.central.url and guestinfo.cyberalarm.central.pins.`)
console.log('\nNext: deploy the .ova in vSphere (Deploy OVF Template, file or URL), or run `make flash DEVICE=/dev/sdX`.')
