// Notifications reach a real datagram socket, with descriptors. What plays systemd is what tests of open-nflog use.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { notify } from 'node-netfilter-log'
import t, { type Test } from 'tap'
import { buildManager } from '../../appliance/open-nflog/test-support.ts'
import { temporaryFolder } from '../testing/harness.ts'

const addon = join(import.meta.dirname, 'index.js')
/** What the manager at that socket received from a program of these lines, and what the program printed. */
function tell(t: Test, socket: string, lines: string): string {
  const program = `import { notify, notifyBarrier } from '${addon}'\n${lines}`
  const node = [process.execPath, '--input-type=module', '--eval', program]
  const { stdout, stderr } = spawnSync(buildManager(t), [socket, '1', ...node, '--', 'true'], { encoding: 'utf8', timeout: 30_000 })
  return stdout + stderr
}

for (const kind of ['a path', 'an abstract name'])
  t.test(`text and descriptor reach a manager at ${kind}, and the barrier waits for it`, async t => {
    const socket = kind === 'a path' ? join(temporaryFolder(t), 'notify') : `@ca-notify-${process.pid}`
    const said = tell(t, socket, "console.log(notify('READY=1'), notify('FDSTORE=1\\nFDNAME=tcp', 0), notifyBarrier())")
    t.match(said, /true true true/)
    t.match(said, /received READY=1\n/)
    t.match(said, /received FDSTORE=1 FDNAME=tcp, with a descriptor\n/)
    t.match(said, /received BARRIER=1, with a descriptor\n/)
  })

t.test('wrong arguments and closed descriptors are errors with a code, and nothing crashes', async t => {
  // @ts-expect-error: no text
  t.throws(() => notify(undefined), { code: 'ERR_INVALID_ARG_TYPE' })
  for (const text of ['', 'a\0b', 'x'.repeat(1025)]) t.throws(() => notify(text), { code: 'ERR_OUT_OF_RANGE' })
  for (const fd of [-1, 1.5, 2 ** 31]) t.throws(() => notify('READY=1', fd), { code: 'ERR_OUT_OF_RANGE' })
  t.equal(notify('READY=1'), false, 'there is no manager here')
  const said = tell(t, join(temporaryFolder(t), 'notify'), "try { notify('FDSTORE=1', 4000) } catch ({ code }) { console.log(code) }")
  t.match(said, /EBADF/)
})
