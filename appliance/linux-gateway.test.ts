// The examples of docs/linux-gateway.md, given to the programs that will read them.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Action, EventRecord } from '../agent/event.ts'
import { whyNoNamespace } from '../agent/node-netfilter-log/test-support.ts'
import { readRulePrefix } from '../agent/recognisers/tokenisers/rule-prefix.ts'
import { parseSettings } from '../agent/settings/table.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/linux-gateway.md'), 'utf8')
const noNamespace = whyNoNamespace()

/** The example that is fenced with this word. */
function example(word: string): string {
  const text = page.split(`\n\`\`\`${word}\n`)[1]?.split('\n```\n')[0]
  if (text === undefined) throw new Error(`there is no example of ${word}`)
  return `${text}\n`
}

/** Why an example can't be tried here; false if it can. */
function whyNot(command: string): string | false {
  if (noNamespace !== undefined) return noNamespace
  return spawnSync(command, ['--version']).error === undefined ? false : `no ${command} command`
}

function complaint(words: readonly string[], input = ''): string {
  const { status, stderr } = spawnSync('unshare', ['-rn', ...words], { encoding: 'utf8', input })
  return status === 0 ? '' : stderr
}

t.test('the settings are settings', async test => {
  const settings = parseSettings(example('settings'))
  test.match(settings, { 'nflog.groups': [514], 'syslog.udp': 'off', 'syslog.tcp': 'off', 'syslog.tls': 'off' })
})

t.test('each prefix states what became of the packet', async test => {
  const expected = { '[CA-DROP] ': Action.drop, '[CA-REJECT] ': Action.reject, '[CA-ACCEPT] ': Action.allow }
  const event = new EventRecord()
  for (const [prefix, action] of Object.entries(expected)) {
    test.ok(page.includes(`\`${prefix}\``))
    event.reset()
    readRulePrefix(Buffer.from(prefix), 0, prefix.length, event)
    test.equal(event.action, action, prefix)
  }
  const used = new Set([...page.matchAll(/prefix "([^"]*)"/g)].map(([, prefix]) => prefix))
  for (const prefix of used) test.ok(prefix in expected, prefix)
})

t.test('copies headers as the box does', async test => {
  const shipped = readFileSync(join(import.meta.dirname, 'rootfs/etc/nftables/cyberalarm.nft'), 'utf8')
  const logging = (text: string): string[] => text.match(/^ +.*"\[CA-DROP\] " group.*$/gm) ?? []
  test.equal(logging(shipped).length, 4)
  test.same(logging(example('nft')), logging(shipped))
})

for (const word of ['nft', 'nft-log'])
  t.test(`nft loads the example of ${word}`, { skip: noNamespace ?? false }, async test => {
    test.equal(complaint(['nft', '-f', '-'], example(word)), '')
  })

for (const word of ['iptables', 'iptables-log'])
  t.test(`iptables takes the example of ${word}`, { skip: whyNot('iptables') }, async test => {
    test.equal(complaint(['sh', '-e'], example(word)), '')
  })

t.test('rsyslog takes its example', { skip: whyNot('rsyslogd') }, async test => {
  const folder = test.testdir()
  writeFileSync(join(folder, 'a.conf'), `global(workDirectory="${folder}")\n${example('rsyslog')}`)
  test.equal(complaint(['rsyslogd', '-N1', '-f', join(folder, 'a.conf')]), '')
})

/** Where it was unpacked by scripts/set-up-peers.sh, because it cannot be installed beside rsyslog. */
const unpacked = join(import.meta.dirname, '../build/syslog-ng/run')
const syslogNg = existsSync(unpacked) ? unpacked : 'syslog-ng'
t.test('syslog-ng takes its example', { skip: whyNot(syslogNg) }, async test => {
  const folder = test.testdir()
  const version = /(\d+\.\d+)/.exec(spawnSync(syslogNg, ['--version'], { encoding: 'utf8' }).stdout)?.[1]
  writeFileSync(join(folder, 'a.conf'), `@version: ${version}\nsource s_src { internal(); };\n${example('syslog-ng')}`)
  test.equal(complaint([syslogNg, '--syntax-only', '-f', join(folder, 'a.conf')]), '')
})
