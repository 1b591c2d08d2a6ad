// The templates are valid with the Packer of this machine, and each wrong value is refused with a reason before anything is started.
// Packer, shellcheck and ksvalidator are used where they are; a test that needs one that is missing says so.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { baseNames, settingsOf } from '../appliance/bases.ts'
import hardware from '../ova/hardware.json' with { type: 'json' }
import { checkOut, findPackers, has, run } from './test-packer.ts'

const here = import.meta.dirname
const read = (...path: readonly string[]): string => readFileSync(join(here, ...path), 'utf8')
const packers = findPackers()
const without = (tool: string, question = '--version'): string | false => (has(tool, question) ? false : `${tool} is not installed`)
const site = {
  vsphere_server: 'vcenter.example',
  vsphere_user: 'somebody',
  vsphere_password: 'not-a-password',
  vsphere_host: 'esxi.example',
  vsphere_iso: 'https://mirror.example/CentOS-Stream-10-boot.iso',
  vsphere_iso_checksum: `sha256:${'0'.repeat(64)}`,
}
const wrong: readonly (readonly [values: Readonly<Record<string, unknown>>, refusal: RegExp])[] = [
  [{ base: 'centos-7' }, /base is one of debian-13, centos-stream-10, centos-stream-9/],
  [{ version: '1.2' }, /three numbers with dots/],
  [{ source_date_epoch: 'today' }, /number required|a number is required/],
  [{ builder_checksum: 'none' }, /checksum is sha256: and 64/],
  [{ builder_checksum: `md5:${'0'.repeat(64)}` }, /checksum is sha256: and 64/],
  [{ builder_disk_size: '12' }, /number with G behind it/],
  [{ builder_disk_size: 'manyG' }, /number with G behind it/],
  [{ accelerator: 'xen' }, /accelerator is kvm, hvf, tcg or none/],
  [{ vsphere_iso_checksum: 'none' }, /checksum is sha256: and 64/],
  [{ vsphere_hardware_version: 13 }, /hardware version is 15 or later/],
  [{ settings: { GRUB_SETUP: [] } }, /string required/],
]

if (packers.length === 0) t.test('the templates are valid', { skip: 'packer is not installed' }, async () => undefined)
const folder = t.testdir() // once: each call empties it
for (const packer of packers) {
  const checkout = checkOut(folder, packer)
  const qemu = '-only=qemu.builder'
  // Plugins come from the network, and a test takes nothing from there.
  const skip =
    packer.isOld || /qemu.*\n?.*vsphere|vsphere.*\n?.*qemu/s.test(run(packer.command, ['plugins', 'installed']).text)
      ? false
      : 'its plugins are not installed'

  t.test(`Packer ${packer.version}: every base is valid for QEMU, without anything of vSphere`, { skip }, async t => {
    for (const base of baseNames) t.match(checkout.validate(base, { settings: settingsOf(base) }, qemu), { status: 0 }, base)
  })

  t.test(`Packer ${packer.version}: refuses wrong values and names the right ones`, { skip }, async t => {
    for (const [values, refusal] of wrong) {
      const { status, text } = checkout.validate('centos-stream-10', values, qemu)
      t.not(status, 0, JSON.stringify(values))
      t.match(text.replace(/\s+/g, ' '), refusal)
    }
    const { status, text } = checkout.validate('centos-stream-10', { builder_user: '' }, qemu)
    t.not(status, 0)
    t.match(text, /ssh_username must be specified/)
  })

  t.test(`Packer ${packer.version}: a vSphere has to be named, and is then enough`, { skip }, async t => {
    const only = '-only=vsphere-iso.builder'
    for (const base of ['centos-stream-10', 'centos-stream-9']) t.match(checkout.validate(base, site, only), { status: 0 }, base)
    const { status, text } = checkout.validate('centos-stream-10', {}, only)
    t.not(status, 0)
    for (const word of ['vcenter_server', 'username', 'password', "'host' or 'cluster'"]) t.match(text, `${word}`)
  })

  t.test(`Packer ${packer.version}: the templates are in its format`, async t => {
    const args = packer.isOld ? ['fmt', '-check'] : ['fmt', '-check', '-recursive']
    t.strictSame(run(packer.command, [...args, checkout.templates]), { status: 0, text: '' })
    const release = join(checkout.templates, 'odd.pkr.hcl')
    writeFileSync(release, 'locals {\n a=1\n}\n')
    t.not(run(packer.command, [...args, release]).status, 0, 'and finds a fault where there is one')
  })
}

t.test('releases of CentOS name a dated image and pin it', async t => {
  for (const base of baseNames.filter(name => name !== 'debian-13')) {
    const text = read('releases', `${base}.pkrvars.hcl`)
    const release = /^release += "(\d+)"$/m.exec(text)?.[1]
    t.equal(`centos-stream-${release}`, base)
    const name = `CentOS-Stream-GenericCloud-${release}-20\\d{6}\\.\\d\\.x86_64\\.qcow2`
    t.match(text, new RegExp(`^builder_disk += "https://cloud\\.centos\\.org/centos/${release}-stream/x86_64/images/${name}"$`, 'm'))
    t.match(text, /^builder_checksum += "sha256:[0-9a-f]{64}"$/m)
    t.equal(new Set(/sha256:([0-9a-f]{64})/.exec(text)?.[1]).size > 8, true, 'no made-up digest')
  }
})

t.test('the plugins are pinned, and stated in one file that 1.6 does without', async t => {
  for (const name of readdirSync(here).filter(name => name.endsWith('.pkr.hcl')))
    t.equal(/^packer \{/m.test(read(name)), name === 'plugins.pkr.hcl', name)
  const versions = [...read('plugins.pkr.hcl').matchAll(/ version = "(.*)"/g)].map(found => found[1])
  t.equal(versions.length, 2)
  for (const version of versions) t.match(version, /^= \d+\.\d+\.\d+$/)
})

t.test('the vSphere account is in no file', async t => {
  const text = read('vsphere.pkr.hcl')
  for (const name of ['user', 'password']) {
    const block = text.slice(text.indexOf(`variable "vsphere_${name}"`)).split('\n}')[0]
    t.match(block, /default += ""/)
  }
  for (const name of readdirSync(join(here, 'releases'))) t.notMatch(read('releases', name), /vsphere_(user|password)/)
})

t.test('the disk is as large as the hardware says, with both builders', async t => {
  t.match(read('qemu.pkr.hcl'), `disk_additional_size = ["${hardware.diskMiB}M"]`)
  t.match(read('vsphere.pkr.hcl'), new RegExp(`disk_size += ${hardware.diskMiB}\\b`))
  t.match(read('vsphere.pkr.hcl'), `"${hardware.guests['centos-stream'].vmware}"`)
})

t.test('every script is named in the build, in its order, is short, and may be run', async t => {
  const scripts = readdirSync(join(here, 'provision')).filter(name => name.endsWith('.sh'))
  t.strictSame(
    [...read('build.pkr.hcl').matchAll(/provision\/(\d+-.*\.sh)"/g)].map(found => found[1]),
    scripts.sort(),
  )
  for (const name of scripts) {
    t.ok(statSync(join(here, 'provision', name)).mode & 0o100, name)
    t.ok(read('provision', name).split('\n').length <= 45, `${name} is short`)
  }
})

t.test('shellcheck finds nothing', { skip: without('shellcheck') }, async t => {
  const folder = t.testdir()
  const kickstart = read('../appliance/kickstart/ks.cfg')
  const sections = [...kickstart.matchAll(/^%(pre|post) --erroronfail\n(.*?)^%end$/gms)].map(([, name, text]) => ({ name, text }))
  t.equal(sections.length, 2)
  // /etc/os-release is of the installer
  for (const { name, text } of sections)
    writeFileSync(join(folder, `${name}.sh`), `#!/bin/bash\n# shellcheck disable=SC1091,SC2034\n${text}`)
  const files = readdirSync(join(here, 'provision')).map(name => join(here, 'provision', name))
  t.strictSame(run('shellcheck', [...files, ...sections.map(({ name }) => join(folder, `${name}.sh`))]), { status: 0, text: '' })
})

/** Where scripts/set-up-peers.sh puts it. */
const built = join(here, '../build/ksvalidator/bin/ksvalidator')
const validator = process.env.KSVALIDATOR ?? (existsSync(built) ? built : 'ksvalidator')
t.test('the kickstart is valid for 9 and 10', { skip: without(validator, '--listversions') }, async t => {
  for (const release of ['RHEL9', 'RHEL10'])
    t.match(run(validator, ['-v', release, join(here, '../appliance/kickstart/ks.cfg')]), { status: 0 }, release)
  const bad = join(t.testdir({ 'ks.cfg': 'ignoredisk --some=sda\n' }), 'ks.cfg')
  t.not(run(validator, ['-v', 'RHEL10', bad]).status, 0, 'and finds a fault where there is one')
})

t.test('the kickstart takes the first disk by its place, gives nobody a password, and names the second', async t => {
  const text = read('../appliance/kickstart/ks.cfg')
  t.match(text, /^ignoredisk --only-use=\/dev\/disk\/by-path\/pci-\*-scsi-0:0:0:0$/m)
  t.match(text, /^rootpw --lock$/m)
  t.notMatch(text, /--password|--plaintext|--iscrypted/)
  const link = /SYMLINK\+="([a-z-]+)"/.exec(text)?.[1]
  t.match(read('build.pkr.hcl'), `"DISK=/dev/${link}"`)
})

t.test('our files get the names of the base they are put over', async t => {
  for (const base of baseNames) {
    const root = t.testdir({ bin: {}, tree: { etc: { systemd: { system: {} } }, usr: { bin: {}, lib: { 'os-release': '' } } } })
    const tree = join(root, 'tree')
    for (const name of ['systemctl', 'systemd-sysusers']) writeFileSync(join(root, 'bin', name), '#!/bin/sh\n', { mode: 0o755 })
    for (const name of ['shadow', 'passwd']) writeFileSync(join(tree, 'etc', name), 'root:x:0:0:root:/root:/bin/bash\n')
    const packed = run('tar', ['-C', join(here, '../appliance/rootfs'), '--zstd', '-cf', join(root, 'files.tar.zst'), '.'])
    if (packed.status !== 0) return void t.pass('unpacked by tar', { skip: `tar cannot pack with zstd here (${packed.text})` })
    const settings = settingsOf(base)
    const environment = { ...settings, INPUTS: root, TREE: tree, PATH: `${join(root, 'bin')}:${process.env.PATH}` }
    t.strictSame(run('sh', [join(here, 'provision/20-files.sh')], environment), { status: 0, text: '' }, base)
    const chrony = readFileSync(join(tree, settings.CHRONY_CONF), 'utf8')
    t.match(chrony, new RegExp(`^user ${settings.CHRONY_USER}$`, 'm'))
    t.match(readFileSync(join(tree, 'usr/lib/tmpfiles.d/box.conf'), 'utf8'), ` ${settings.CHRONY_USER} ${settings.CHRONY_USER}\n`)
    t.match(readFileSync(join(tree, 'usr/lib/tmpfiles.d/box.conf'), 'utf8'), `L /var/lib/${settings.PACKAGE_DATABASE} `)
    t.match(readFileSync(join(tree, 'usr/lib/cyberalarm/time.sources'), 'utf8'), `pool ${settings.NTP_ZONE} `)
    t.equal(readlinkSync(join(tree, 'etc/resolv.conf')), settings.RESOLV_CONF)
    const left = run('grep', ['-rlE', '_chrony|debian\\.pool', tree])
    if (base !== 'debian-13') t.strictSame(left, { status: 1, text: '' }, 'nothing of Debian is left')
  }
})
