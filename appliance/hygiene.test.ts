// Each row of the table sees its fault, in a root that is clean but for it.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { hygiene, uncleanIn } from './hygiene.ts'

const isRoot = process.getuid?.() === 0

function put(root: string, path: string, text = '', mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  chmodSync(join(root, path), mode)
}

function cleanRoot(t: Test, licences = 60): string {
  const root = t.testdir()
  put(root, 'etc/shadow', 'root:!*:20000::::::\n_chrony:!*:20000::::::\n')
  put(root, 'etc/passwd', 'root:x:0:0:root:/root:/usr/sbin/nologin\n_chrony:x:100:100::/var/lib/chrony:/usr/sbin/nologin\n')
  put(root, 'etc/machine-id')
  put(root, 'etc/systemd/system/multi-user.target.wants/cyberalarm-agent.service')
  put(root, 'usr/bin/true', '', 0o755)
  for (let i = 0; i < licences; i++) put(root, `usr/share/doc/package-${i}/copyright`)
  return root
}

/** One fault for each rule, and what is reported of it. */
const faults: Record<string, { plant: (root: string) => void; finding: string }> = {
  'no account has a password': { plant: root => put(root, 'etc/shadow', 'root::20000::::::\n'), finding: 'root' },
  'no account has a shell': {
    plant: root => put(root, 'etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n'),
    finding: 'root:x:0:0:root:/root:/bin/bash',
  },
  'only root is root': {
    plant: root => put(root, 'etc/passwd', 'root:x:0:0::/root:/usr/sbin/nologin\ntoor:x:0:0::/root:/usr/sbin/nologin\n'),
    finding: 'toor:x:0:0::/root:/usr/sbin/nologin',
  },
  'no way in over the network: no ssh server, no telnet, no remote shell': {
    plant: root => put(root, 'usr/sbin/sshd'),
    finding: '/usr/sbin/sshd',
  },
  'no keys of any machine, and none that let somebody in': {
    plant: root => put(root, 'etc/x/authorized_keys'),
    finding: '/etc/x/authorized_keys',
  },
  'no private key in any file': {
    // in two pieces, or whoever looks for keys in this repository finds one
    plant: root => put(root, 'etc/tls.pem', `-----BEGIN ${'PRIVATE'} KEY-----\n${'MC4CAQAwBQYDK2VwBCIEIA'.repeat(3)}\n`),
    finding: '/etc/tls.pem',
  },
  'the machine id is empty: each box makes its own': { plant: root => put(root, 'etc/machine-id', 'abc\n'), finding: '/etc/machine-id' },
  'no program runs with the rights of another': { plant: root => put(root, 'usr/bin/su', '', 0o4755), finding: '/usr/bin/su' },
  'nothing is writable for everybody': { plant: root => put(root, 'etc/open', '', 0o666), finding: '/etc/open' },
  'only root owns programs and settings': {
    plant: root => {
      put(root, 'etc/theirs')
      chownSync(join(root, 'etc/theirs'), 1234, 0)
    },
    finding: '/etc/theirs',
  },
  'nothing of those who built it: no logs, histories, caches, temporary files': { plant: root => put(root, 'var/log'), finding: 'var/log' },
  'no compiler and no debugger': { plant: root => put(root, 'usr/bin/gcc'), finding: 'usr/bin/gcc' },
  'what starts by itself is on the list': {
    plant: root => put(root, 'etc/systemd/system/timers.target.wants/apt-daily.timer'),
    finding: 'etc/systemd/system/timers.target.wants/apt-daily.timer',
  },
  'the licences are there': { plant: () => undefined, finding: '/usr/share/doc is almost empty' },
}

t.test('a clean root is clean', { skip: !isRoot && 'files of a test belong to root only where root runs it' }, async t => {
  t.strictSame(uncleanIn(cleanRoot(t)), [])
})

for (const { rule } of hygiene)
  t.test(rule, { skip: !isRoot && 'files of a test belong to root only where root runs it' }, async t => {
    const fault = faults[rule]
    t.ok(fault, 'there is a fault for it')
    const root = cleanRoot(t, rule === 'the licences are there' ? 3 : 60)
    fault.plant(root)
    t.strictSame(uncleanIn(root), [`${rule}: ${fault.finding}`])
  })
