// What may not be in an image, as a table: each row inspects the root of a box and lists what does not belong there.
// Pure but for reading: `root` is a folder, such as a mounted slot.
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Hygiene {
  readonly rule: string
  /** What offends, each in a few words; empty is clean. */
  readonly look: (root: string) => readonly string[]
}

const KEY_MAX_BYTES = 262_144
const S_ISUID = 0o4000
const S_ISGID = 0o2000
const S_ISVTX = 0o1000
const S_IWOTH = 0o002

/** The only programs with the setuid or setgid bit: none needs it. */
const elevated: readonly string[] = []
/** What is enabled; everything else that packages bring is off. */
const enabled =
  /^(cyberalarm-[a-z-]+\.(service|socket|path|timer)|chrony\.service|open-vm-tools\.service|systemd-(networkd|resolved|network-generator|networkd-wait-online)\.(service|socket)|apparmor\.service|systemd-networkd\.socket)$/

function* walk(root: string, folder = ''): Generator<{ path: string; entry: Dirent }> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    yield { path, entry }
    if (entry.isDirectory()) yield* walk(root, path)
  }
}

const lines = (root: string, path: string): string[] =>
  readFileSync(join(root, path), 'utf8')
    .split('\n')
    .filter(line => line !== '')

function found(root: string, keep: (path: string, entry: Dirent) => boolean): string[] {
  return [...walk(root)].filter(({ path, entry }) => keep(path, entry)).map(({ path }) => path)
}

const mode = (root: string, path: string): number => lstatSync(join(root, path)).mode

const filesIn = (root: string, folder: string): string[] =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map(name => `${folder}/${name}`) : []

export const hygiene: readonly Hygiene[] = [
  {
    rule: 'no account has a password',
    look: root =>
      lines(root, 'etc/shadow')
        .filter(line => !/^[^:]+:[!*]+:/.test(line))
        .map(line => line.split(':')[0]),
  },
  {
    rule: 'no account has a shell',
    look: root => lines(root, 'etc/passwd').filter(line => !/:(\/usr)?\/s?bin\/(nologin|false|sync)$/.test(line)),
  },
  {
    rule: 'only root is root',
    look: root => lines(root, 'etc/passwd').filter(line => /^[^:]*:[^:]*:0:/.test(line) && !line.startsWith('root:')),
  },
  {
    rule: 'no way in over the network: no ssh server, no telnet, no remote shell',
    look: root => found(root, path => /\/(sshd|telnetd|in\.telnetd|rshd|dropbear|cockpit-ws|xinetd)$/.test(path)),
  },
  {
    rule: 'no keys of any machine, and none that let somebody in',
    look: root => found(root, path => /ssh_host_.*_key|authorized_keys|known_hosts$/.test(path)),
  },
  {
    rule: 'no private key in any file',
    look: root =>
      found(
        root,
        (path, entry) =>
          entry.isFile() && /^\/(etc|root|home|srv|opt|usr\/(lib\/cyberalarm|local))\//.test(path) && isPrivateKey(join(root, path)),
      ),
  },
  {
    rule: 'the machine id is empty: each box makes its own',
    look: root => (lstatSync(join(root, 'etc/machine-id')).size === 0 ? [] : ['/etc/machine-id']),
  },
  {
    rule: 'no program runs with the rights of another',
    look: root =>
      found(root, (path, entry) => entry.isFile() && (mode(root, path) & (S_ISUID | S_ISGID)) !== 0 && !elevated.includes(path)),
  },
  {
    rule: 'nothing is writable for everybody',
    look: root =>
      found(root, (path, entry) => !entry.isSymbolicLink() && (mode(root, path) & S_IWOTH) !== 0 && (mode(root, path) & S_ISVTX) === 0),
  },
  {
    rule: 'only root owns programs and settings',
    look: root => found(root, path => /^\/(etc|usr)\//.test(path) && lstatSync(join(root, path)).uid !== 0),
  },
  {
    rule: 'nothing of those who built it: no logs, histories, caches, temporary files',
    look: root => ['var', 'tmp', 'run', 'home', 'root', 'srv', 'mnt', 'media'].flatMap(folder => filesIn(root, folder)),
  },
  {
    rule: 'no compiler and no debugger',
    look: root =>
      filesIn(root, 'usr/bin').filter(path =>
        /\/(gcc|cc|g\+\+|clang|ld|as|gdb|strace|make|git|nmap|tcpdump|nc|ncat|socat|wget)$/.test(path),
      ),
  },
  {
    rule: 'what starts by itself is on the list',
    look: root =>
      filesIn(root, 'etc/systemd/system')
        .filter(path => path.endsWith('.wants'))
        .flatMap(folder => filesIn(root, folder))
        .filter(path => !enabled.test(path.split('/').at(-1) ?? '')),
  },
  {
    rule: 'the licences are there',
    look: root =>
      filesIn(root, 'usr/share/doc').length > 50 || filesIn(root, 'usr/share/licenses').length > 50
        ? []
        : ['/usr/share/doc is almost empty'],
  },
]

function isPrivateKey(path: string): boolean {
  const { size } = lstatSync(path)
  return size > 0 && size <= KEY_MAX_BYTES && /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/.test(readFileSync(path, 'latin1'))
}

/** Every fault, as `rule: what`. */
export const uncleanIn = (root: string): string[] => hygiene.flatMap(({ rule, look }) => look(root).map(what => `${rule}: ${what}`))
