// The inspector of Node.js listens on the loopback for every user of the machine, and runs what it is given as the agent's user.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { memoryFolder, startAgent, writeSettings } from '../testing/harness.ts'

t.test('a released agent that gets SIGUSR1 opens no inspector, and goes on', async t => {
  const root = memoryFolder(t)
  writeSettings(root, undefined)
  const agent = await startAgent(root, { isRelease: true })
  t.teardown(() => agent.kill())
  agent.child.kill('SIGUSR1')
  await sleep(1000)
  t.match(await agent.status(), { running: true })
  t.notMatch(agent.log(), /Debugger listening/)
})
