// On a machine for which the addon was not built, everything but NFLOG works, and the box says what is missing.
import { createSocket } from 'node:dgram'
import t from 'tap'
import { blockedLine, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.test('without the native receiver syslog over UDP is received all the same, and status says what is missing', async t => {
  const folder = temporaryFolder(t)
  writeSettings(folder, undefined, { 'nflog.groups': '514' })
  const agent = await startAgent(folder, { nodeOptions: ['--no-addons'] })
  t.teardown(() => agent.kill())
  const socket = createSocket('udp4')
  for (let i = 0; i < 200; i++) await new Promise(resolve => socket.send(blockedLine(i), agent.udpPort, '127.0.0.1', resolve))
  socket.close()
  const status = await until(
    () => agent.status(),
    now => sums(now).received === 200,
  )
  t.equal(sums(status).unaccounted, 0)
  const findings = Object.fromEntries(status.findings.map(({ code, severity, detail }) => [code, `${severity}: ${detail}`]))
  t.match(
    findings['native-missing'],
    /^warning: An input does not work as it should: the native receiver is missing: syslog over UDP needs several times the CPU/,
  )
  t.match(
    findings['nflog-failed'],
    /^problem: An input does not work as it should: cannot listen to nflog\.groups = 514: the native receiver is missing/,
  )
})
