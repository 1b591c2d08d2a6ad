// A change of the settings is never missed, whenever its signal comes: here while an agent starts anew for the change before it.
import t from 'tap'
import { memoryFolder, startAgent, until, writeSettings } from '../testing/harness.ts'

/** The settings that are read for the second start are changed behind that, at once, with the signal. */
const changeBehindRead = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const real = fs.readFileSync
let reads = 0
fs.readFileSync = (path, ...more) => {
  const text = real(path, ...more)
  if (String(path).endsWith('cyberalarm.conf') && String(text).includes('spool.quotaMiB = 100') && ++reads === 2) {
    fs.writeFileSync(path, String(text).replace('spool.quotaMiB = 100', 'spool.quotaMiB = 200'))
    process.kill(process.pid, 'SIGHUP')
  }
  return text
}
syncBuiltinESMExports()`

t.test('a change that comes while the agent starts anew for another is in use', async t => {
  const root = memoryFolder(t)
  writeSettings(root, undefined)
  const agent = await startAgent(root, { nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(changeBehindRead)}`] })
  t.teardown(() => agent.kill())
  // read once for the comparison, and once more for the start that it asks for, which takes a while: it makes a certificate
  writeSettings(root, undefined, { 'syslog.tls': '127.0.0.1:0', 'spool.quotaMiB': '100' })
  agent.child.kill('SIGHUP')
  const status = await until(
    () => agent.status().catch(() => undefined),
    answer => answer?.queue.quotaBytes === 200 * 2 ** 20,
  )
  t.same(
    status?.sources.map(({ name }) => name),
    ['udp', 'tcp', 'tls'],
    'both changes',
  )
})
