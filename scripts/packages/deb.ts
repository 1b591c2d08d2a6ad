// A package for Debian and Ubuntu, made with dpkg-deb: the same tree gives the same bytes.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface PackageOptions {
  /** What is installed, as laid out by tree.ts. It may be changed. */
  readonly tree: string
  readonly folder: string
  readonly version: string
  readonly time: number
  readonly depends: readonly string[]
  /** Not compressed, for tests. */
  readonly isQuick: boolean
}

const scripts = join(import.meta.dirname, '../../appliance/software/deb')
const processors: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The name of the package, which then lies in `folder`. */
export function makeDeb({ tree, folder, version, time, depends, isQuick }: PackageOptions): string {
  const processor = processors[process.arch]
  const control = join(tree, 'DEBIAN')
  const files = readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter(name => lstatSync(join(tree, name)).isFile())
    .sort()
  const kib = files.reduce((sum, name) => sum + Math.ceil(statSync(join(tree, name)).size / 1024), 0)
  mkdirSync(control)
  writeFileSync(join(control, 'control'), controlFile(version, processor, kib, depends))
  writeFileSync(join(control, 'conffiles'), '/etc/cyberalarm/cyberalarm.conf\n')
  const sum = (name: string) =>
    createHash('md5')
      .update(readFileSync(join(tree, name)))
      .digest('hex')
  const sums = files.filter(name => !name.startsWith('etc/')).map(name => `${sum(name)}  ${name}\n`)
  writeFileSync(join(control, 'md5sums'), sums.join(''))
  for (const name of readdirSync(scripts)) copyFileSync(join(scripts, name), join(control, name))
  for (const name of readdirSync(control)) {
    chmodSync(join(control, name), readdirSync(scripts).includes(name) ? 0o755 : 0o644)
    utimesSync(join(control, name), time, time)
  }
  for (const path of [control, tree]) {
    chmodSync(path, 0o755)
    utimesSync(path, time, time)
  }
  const name = `cyberalarm_${version}_${processor}.deb`
  const packing = isQuick ? ['-Znone'] : ['-Zxz', '-z6']
  execFileSync('dpkg-deb', ['--root-owner-group', ...packing, '--build', tree, join(folder, name)], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return name
}

const controlFile = (version: string, processor: string, kib: number, depends: readonly string[]): string => `Package: cyberalarm
Version: ${version}
Architecture: ${processor}
Maintainer: CyberAlarm <release@cyberalarm.invalid>
Installed-Size: ${kib}
Depends: ${depends.join(', ')}
Suggests: iproute2
Section: net
Priority: optional
Description: firewall log collector that reports suspicious activity
 The CyberAlarm agent receives firewall logs (syslog over UDP, TCP and TLS, and
 packets logged by this machine's own rules), discards harmless messages, and
 sends metadata of suspicious connections, encrypted, to a central service:
 no content, no names and no internal addresses.
`
