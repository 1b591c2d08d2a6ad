import t from 'tap'
import { checkNeeds, compareVersions, dependencies, parseNeeds, readNeeds } from './libraries.ts'

const printed = `
Dynamic Section:
  NEEDED               libstdc++.so.6
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2

Version definitions:
1 0x01 0x0fa1a2b3 GLIBC_2.99

Version References:
  required from libc.so.6:
    0x069691b4 0x00 03 GLIBC_2.34
    0x09691a75 0x00 02 GLIBC_2.2.5
  required from libstdc++.so.6:
    0x08922974 0x00 04 GLIBCXX_3.4.9
    0x0297f871 0x00 05 GLIBCXX_3.4.21
`

t.test('versions are numbers, not text', async t => {
  const sorted = ['3.4.9', '3.4.21', '3.4', '3.10'].sort(compareVersions)
  t.strictSame(sorted, ['3.4', '3.4.9', '3.4.21', '3.10'])
  t.equal(compareVersions('2.34', '2.34'), 0)
})

t.test('takes the highest version that is asked for, and none that is only defined', async t => {
  t.match(parseNeeds([printed]), { symbols: { GLIBC: '2.34', GLIBCXX: '3.4.21' } })
})

t.test('says what a package needs, once, in the words of each family', async t => {
  const needs = parseNeeds([printed, printed])
  t.strictSame(dependencies(needs, 'deb'), ['libc6 (>= 2.34)', 'libstdc++6 (>= 11)', 'systemd (>= 249)'])
  t.match(dependencies(needs, 'rpm'), ['libc.so.6(GLIBC_2.34)(64bit)', 'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)', 'systemd >= 249'])
})

t.test('refuses a library that nobody said where to get', async t => {
  t.throws(() => dependencies(parseNeeds(['  NEEDED  libfoo.so.1\n']), 'deb'), /libfoo\.so\.1/)
})

t.test('refuses a release that would not start on a promised distribution, by name', async t => {
  t.doesNotThrow(() => checkNeeds(parseNeeds([printed])))
  const message = /Debian 12 has GLIBC_2\.36, the release needs GLIBC_2\.38/
  t.throws(() => checkNeeds(parseNeeds([printed.replace('GLIBC_2.34', 'GLIBC_2.38')])), message)
})

t.test('the Node.js that is brought starts on all of them', async t => {
  const needs = readNeeds([process.execPath])
  t.ok(needs.libraries.length > 3)
  t.doesNotThrow(() => checkNeeds(needs))
})
