// A package for Enterprise Linux, made with rpmbuild: the same tree gives the same bytes. Nothing is stripped and no
// dependency is detected: contents and dependencies are stated here.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PackageOptions } from './deb.ts'

const scripts = join(import.meta.dirname, '../../appliance/software/rpm')
const processors: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
const settings = '/etc/cyberalarm/cyberalarm.conf'
/** Folders that are ours alone; all others belong to the system. */
const isOwnFolder = (path: string): boolean => /\/cyberalarm(-(agent\.service|udp\.socket)\.d)?(\/|$)/.test(path)

/** The name of the package, which then lies in `folder`. */
export function makeRpm(options: PackageOptions): string {
  const { tree, folder, version, time, isQuick } = options
  const processor = processors[process.arch]
  const work = mkdtempSync(join(tmpdir(), 'rpm-'))
  try {
    writeFileSync(join(work, 'cyberalarm.spec'), spec(options))
    const definitions = {
      _topdir: work,
      _rpmdir: work,
      _build_id_links: 'none',
      _buildhost: 'release',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
      _binary_payload: isQuick ? 'w0.ufdio' : 'w19.zstdio',
      debug_package: '%{nil}',
      __os_install_post: '%{nil}',
    }
    const defines = Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`])
    execFileSync(
      'rpmbuild',
      ['-bb', '--quiet', '--target', processor, ...defines, '--buildroot', join(work, 'root'), join(work, 'cyberalarm.spec')],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(time), TREE: tree },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    const name = `cyberalarm-${version}-1.${processor}.rpm`
    renameSync(join(work, processor, name), join(folder, name))
    return name
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function spec({ tree, version, depends }: PackageOptions): string {
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true })
    .map(entry => ({ path: join(entry.parentPath, entry.name).slice(tree.length), isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  const files = entries.flatMap(({ path, isFolder }) => {
    if (path === settings) return [`%config(noreplace) %attr(0640, root, cyberalarm) ${path}`]
    if (path === '/etc/cyberalarm') return [`%dir %attr(0750, root, cyberalarm) ${path}`]
    if (isFolder) return isOwnFolder(path) ? [`%dir ${path}`] : []
    return [path.startsWith('/usr/share/doc/') ? `%doc ${path}` : path]
  })
  const sections = ['pre', 'post', 'preun', 'postun', 'posttrans'].map(name => `%${name}\n${readFileSync(join(scripts, name), 'utf8')}`)
  return `Name: cyberalarm
Version: ${version}
Release: 1
Summary: Firewall log collector that reports suspicious activity
License: Apache-2.0
AutoReqProv: no
${depends.map(name => `Requires: ${name}`).join('\n')}
Requires(pre): systemd
Requires(post): systemd

%description
The CyberAlarm agent receives firewall logs (syslog over UDP, TCP and TLS, and packets logged by this machine's own rules),
discards harmless messages, and sends metadata of suspicious connections, encrypted, to a central service: no content, no names and no
internal addresses.

%install
cp -a "$TREE/." %{buildroot}

${sections.join('\n')}
%files
%defattr(-, root, root, -)
${files.join('\n')}
`
}
