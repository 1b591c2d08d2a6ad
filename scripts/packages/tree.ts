// Lays out on disk what a package installs. Every file has the same time, so that the same release packed twice gives the same bytes.
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { agentFolders, agentUsers, settingsFile } from './subset.ts'

const top = join(import.meta.dirname, '../..')
const software = join(top, 'appliance/software')
const units = 'usr/lib/systemd/system'
const documents = 'usr/share/doc/cyberalarm'

export interface Central {
  readonly url: string
  readonly pins: readonly string[]
}

export interface TreeOptions {
  /** What `make release` made. */
  readonly release: string
  /** Does not exist yet. */
  readonly folder: string
  readonly version: string
  /** Seconds since 1970. */
  readonly time: number
  readonly central: Central | undefined
  /** The root of trust for updates: then the machine says when a newer package is there. */
  readonly updateRoot?: Buffer | undefined
}

/** Whose programs they are: files that only one family has. */
const only = { deb: [], rpm: ['remove-data'] } as const
const programs: Readonly<Record<string, string>> = {
  'apply-settings': 'usr/lib/cyberalarm/bin/apply-settings',
  'await-agent': 'usr/lib/cyberalarm/bin/await-agent',
  cyberalarm: 'usr/bin/cyberalarm',
  'packet-log': 'usr/lib/cyberalarm/bin/packet-log',
  'port-is-free': 'usr/lib/cyberalarm/bin/port-is-free',
  'say-ports': 'usr/lib/cyberalarm/bin/say-ports',
  sockets: 'usr/lib/systemd/system-generators/cyberalarm-sockets',
  restart: 'usr/sbin/cyberalarm-restart',
  'remove-data': 'usr/sbin/cyberalarm-remove-data',
}

export function layOut({ release, folder, version, time, central, updateRoot }: TreeOptions, kind: 'deb' | 'rpm'): void {
  const put = (to: string, content: string | Buffer, mode = 0o644) => {
    const path = join(folder, to)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    chmodSync(path, mode)
  }
  const copy = (from: string, to: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    copyFileSync(from, join(folder, to))
    chmodSync(join(folder, to), mode)
  }
  const rootfs = (name: string) => readFileSync(join(top, 'appliance/rootfs/usr/lib', name), 'utf8')
  // the release as it is; the appliance's own programs (box/) stay out
  for (const name of filesBelow(release, 'agent', 'runtime')) copy(join(release, name), `usr/lib/cyberalarm/${name}`, modeOf(name))
  copy(join(release, 'bin/open-nflog'), 'usr/lib/cyberalarm/bin/open-nflog', 0o755)
  for (const name of ['cyberalarm-agent.service', 'cyberalarm-udp.socket', 'cyberalarm-tcp.socket', 'cyberalarm-tls.socket'])
    put(`${units}/${name}`, rootfs(`systemd/system/${name}`))
  copy(join(software, 'agent-service.conf'), `${units}/cyberalarm-agent.service.d/50-software.conf`)
  copy(join(software, 'apply.service'), `${units}/cyberalarm-apply.service`)
  copy(join(software, 'udp-socket.conf'), `${units}/cyberalarm-udp.socket.d/50-software.conf`)
  // what people will type
  symlinkSync('cyberalarm-agent.service', join(folder, units, 'cyberalarm.service'))
  const hasUpdater = updateRoot !== undefined
  put('usr/lib/sysusers.d/cyberalarm.conf', agentUsers(rootfs('sysusers.d/cyberalarm.conf'), hasUpdater))
  put('usr/lib/tmpfiles.d/cyberalarm.conf', agentFolders(rootfs('tmpfiles.d/cyberalarm.conf'), hasUpdater))
  if (hasUpdater) {
    put('usr/lib/cyberalarm/update-root.json', updateRoot)
    put('usr/lib/cyberalarm/update/updater', rootfs('cyberalarm/update/updater'), 0o755)
    for (const name of ['cyberalarm-update.service', 'cyberalarm-update.timer']) put(`${units}/${name}`, rootfs(`systemd/system/${name}`))
    mkdirSync(join(folder, units, 'timers.target.wants'))
    symlinkSync('../cyberalarm-update.timer', join(folder, units, 'timers.target.wants/cyberalarm-update.timer'))
  }
  put('etc/cyberalarm/cyberalarm.conf', settingsFile(central), 0o640)
  chmodSync(join(folder, 'etc/cyberalarm'), 0o750)
  const absent: readonly string[] = kind === 'deb' ? only.rpm : only.deb
  for (const [name, to] of Object.entries(programs)) if (!absent.includes(name)) copy(join(software, name), to, 0o755)
  for (const name of ['install-linux.md', 'linux-gateway.md', 'settings.md']) copy(join(top, 'docs', name), `${documents}/${name}`)
  put(`${documents}/copyright`, copyright)
  copy(join(top, `node_modules/node-linux-${process.arch}/LICENSE`), `${documents}/node.txt`)
  const day = new Date(time * 1000)
  if (kind === 'deb') put(`${documents}/changelog.gz`, gzipSync(changelog(version, day), { level: 9 }))
  setTimes(folder, time)
}

/** Paths below `release` of the files in these folders of it. */
const filesBelow = (release: string, ...folders: string[]): string[] =>
  folders.flatMap(folder =>
    readdirSync(join(release, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(release, join(entry.parentPath, entry.name))),
  )
const modeOf = (name: string): number => (/\/bin\/[^/]+$/.test(name) ? 0o755 : 0o644)

const copyright = `Copyright and licences

Copyright 2026 the authors of CyberAlarm, under the Apache License 2.0 (on Debian: /usr/share/common-licenses/Apache-2.0). Licences of the packages in it
stand at the ends of the files in /usr/lib/cyberalarm/agent/lib. /usr/lib/cyberalarm/runtime/bin/node is Node.js; its licences are
in node.txt beside this file.
`

const changelog = (version: string, day: Date): string => {
  const stamp = day.toUTCString().replace('GMT', '+0000')
  return `cyberalarm (${version}) stable; urgency=medium\n\n  * Release ${version}.\n\n -- CyberAlarm <release@cyberalarm.invalid>  ${stamp}\n`
}

function setTimes(folder: string, time: number): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory() && (statSync(path).mode & 0o777) !== 0o750) chmodSync(path, 0o755)
    lutimesSync(path, time, time)
  }
  chmodSync(folder, 0o755)
  lutimesSync(folder, time, time)
}
