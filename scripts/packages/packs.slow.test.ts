// What is in the packages, asked of the tools of each family.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sumOfFile } from '../appliance/sums.ts'
import { makeQuickly, whyNoPackages } from './test-release.ts'

const reason = whyNoPackages()
const folder = t.testdir({ one: {}, two: {}, root: {} })
const software = join(import.meta.dirname, '../../appliance/software')
const tell = (command: string, ...words: string[]) =>
  execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const whyNo = (command: string): string | false => {
  const isThere = spawnSync(command, ['--version']).error === undefined
  return reason ?? (isThere ? false : `there is no ${command}`)
}

t.test('packages', { skip: reason ?? false }, async t => {
  const one = makeQuickly(join(folder, 'one'), '1.2.3')
  const [deb, rpm] = [one.deb, one.rpm].map(name => join(folder, 'one', name))
  const inDeb = tell('dpkg-deb', '-c', deb).trim().split('\n')
  const pathsOf = (lines: readonly string[]) =>
    lines.map(line => line.split(/\s+/)[5].replace(/^\./, '')).filter(path => !path.endsWith('/'))

  t.test('the same release packed twice gives the same bytes', async t => {
    makeQuickly(join(folder, 'two'), '1.2.3')
    for (const name of [one.deb, one.rpm])
      t.equal(await sumOfFile(join(folder, 'one', name)), await sumOfFile(join(folder, 'two', name)), name)
    t.strictSame(readdirSync(join(folder, 'two')).sort(), [one.deb, one.rpm].sort(), 'and leaves nothing beside them')
  })

  t.test('everything belongs to root, and nothing can be written by others or runs as its owner', async t => {
    for (const line of inDeb) t.match(line, /^(l.{9}|[d-]rw[x-]r-[x-](r-[x-]|---)) root\/root /)
    for (const line of tell('rpm', '-qp', '--qf', '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]', rpm)
      .trim()
      .split('\n'))
      t.match(line, /^(l.{9} root:root|[d-]rw[x-]r-[x-]r-[x-] root:root|[d-]rw[x-]r-[x-]--- root:cyberalarm \/etc)/)
  })

  t.test('there is nothing in it that a member has already: rules, network, console, first boot, disks', async t => {
    const paths = pathsOf(inDeb)
    for (const path of paths)
      t.match(
        path,
        /^\/(etc\/cyberalarm\/cyberalarm\.conf$|usr\/(bin|sbin)\/cyberalarm|usr\/lib\/(cyberalarm|(systemd\/system(-generators)?|sysusers\.d|tmpfiles\.d)\/cyberalarm)|usr\/share\/doc\/cyberalarm\/)/,
      )
    t.notOk(paths.some(path => /console|cyberalarm-settings\.|rules|guard|grow|repart|box/.test(path)))
    t.ok(paths.includes('/usr/lib/systemd/system/cyberalarm-agent.service'))
    const inRpm = tell('rpm', '-qpl', rpm).split('\n')
    const other = new Set([...inRpm, '/usr/share/doc/cyberalarm/changelog.gz'])
    t.strictSame(
      paths.filter(path => !other.has(path.split(' ')[0])),
      [],
      'the .rpm has the same',
    )
  })

  t.test('settings of the member are settings in the eyes of both, and are not overwritten', async t => {
    t.equal(tell('dpkg-deb', '-I', deb, 'conffiles'), '/etc/cyberalarm/cyberalarm.conf\n')
    t.equal(tell('rpm', '-qpc', rpm), '/etc/cyberalarm/cyberalarm.conf\n')
  })

  t.test('the .rpm asks for what the programs need, and for nothing that was guessed', async t => {
    const needs = tell('rpm', '-qp', '--requires', rpm).split('\n')
    const known =
      /^(libc\.so\.6\(GLIBC_2\.\d+\)|libatomic\.so\.1\(\)|libgcc_s\.so\.1\(\)|libstdc\+\+\.so\.6\(GLIBCXX_[\d.]+\))\(64bit\)$|^(systemd( >= \d+)?|\/bin\/sh|\/usr\/bin\/setpriv|\/usr\/sbin\/userdel|rpmlib\(.*|)$/
    for (const need of needs) t.match(need, known)
  })

  t.test('lintian knows nothing against it but what is meant so', { skip: whyNo('lintian') }, async t => {
    const meant = [
      'embedded-library', // Node.js brings its own, so that a hole in one is an update of ours
      'unstripped-binary-or-object', // Node.js as its project built it; and names in a report of a crash
      'hardening-no-pie', // as its project built it
      'uses-no-compression-for-control-tarball', // packed for a test
      'uses-no-compression-for-data-tarball',
      'non-standard-file-perm', // settings and keys are for the agent alone
      'non-standard-dir-perm',
      'script-not-executable', // main.js names an interpreter for those who run it from a checkout
      'no-manual-page', // --help, and the pages in /usr/share/doc
    ]
    const { stdout } = spawnSync('lintian', ['--allow-root', '--suppress-tags', meant.join(','), deb], { encoding: 'utf8' })
    t.equal(stdout, '')
  })

  t.test('the unit with what is added to it is as shut in as on the appliance', { skip: whyNo('systemd-analyze') }, async t => {
    const root = join(folder, 'root')
    mkdirSync(root, { recursive: true })
    execFileSync('dpkg-deb', ['-x', deb, root])
    t.match(
      tell('systemd-analyze', 'security', '--offline=true', '--threshold=10', `--root=${root}`, 'cyberalarm-agent.service'),
      /Overall exposure level for cyberalarm-agent\.service: (0\.\d|1\.0) /,
    )
  })
})

t.test('shell scripts are what shellcheck would write', { skip: whyNo('shellcheck') }, async t => {
  const scripts = readdirSync(software, { recursive: true, encoding: 'utf8' }).filter(
    // installer.slow.test.ts checks the installer, as the one file that it is made to
    name => !/\.(conf|service)$/.test(name) && !/^(deb|rpm|install(\/.*|\.sh)?)$/.test(name),
  )
  t.ok(scripts.length > 10)
  for (const name of scripts) {
    if (!existsSync(join(software, name))) continue
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC1091', join(software, name)], { encoding: 'utf8' })
    t.equal(stdout, '', name)
  }
})
