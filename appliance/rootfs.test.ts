// Shell of the box, as far as it can be run outside of one; the rest is run in started machines (boot-tests/).
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const rootfs = join(import.meta.dirname, 'rootfs')
const run = (command: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(command, words, { encoding: 'utf8', env })
const shells = readdirSync(rootfs, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => join(entry.parentPath, entry.name))
  .filter(path => path.endsWith('.sh') || /^#!\/bin\/(ba)?sh$/m.test(readFileSync(path, 'utf8').split('\n')[0]))

t.test(
  'shellcheck finds nothing',
  { skip: run('shellcheck', ['--version']).error === undefined ? false : 'there is no shellcheck here' },
  async t => {
    t.ok(shells.length >= 10)
    t.equal(run('shellcheck', shells).stdout, '')
  },
)

t.test('the memory of the boot loader', async t => {
  const OFFSET = 1536
  const boot = join(t.testdir(), 'boot')
  const cmdline = join(t.testdirName, 'cmdline')
  writeFileSync(cmdline, `root=/dev/mapper/root cyberalarm.slot=a cyberalarm.grubenv=${OFFSET} quiet\n`)
  const block = (text: string) => text.padEnd(1024, '#')
  const put = (text: string) => writeFileSync(boot, Buffer.concat([Buffer.alloc(OFFSET, 1), Buffer.from(text), Buffer.alloc(512, 2)]))
  const choice = (...words: string[]) =>
    run(join(rootfs, 'usr/lib/cyberalarm/base/boot-choice'), words, { ...process.env, CYBERALARM_BOOT: boot, CYBERALARM_CMDLINE: cmdline })

  put(block('# GRUB Environment Block\nslot=b\nunconfirmed=ii\ntrial=\n'))
  t.equal(choice('running').stdout, 'a\n')
  t.equal(choice('read', 'slot').stdout, 'b\n')
  t.equal(choice('read', 'unconfirmed').stdout, 'ii\n')
  t.equal(choice('read', 'trial').stdout, '\n')

  t.equal(choice('write', 'a', 'b').status, 0)
  const written = readFileSync(boot)
  t.equal(written.toString('latin1', OFFSET, OFFSET + 1024), block('# GRUB Environment Block\nslot=a\nunconfirmed=\ntrial=b\n'))
  t.equal(written.length, OFFSET + 1024 + 512)
  t.ok(written.subarray(0, OFFSET).every(byte => byte === 1) && written.subarray(OFFSET + 1024).every(byte => byte === 2), 'nothing beside')

  put('something else')
  const other = choice('write', 'b')
  t.equal(other.status, 1)
  t.match(other.stderr, /no environment of the boot loader at byte 1536/)
  t.match(readFileSync(boot).toString('latin1', OFFSET), /^something else/, 'nothing is written over it')
  t.equal(choice('erase').status, 1)
})
