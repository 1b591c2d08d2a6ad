// The example of the service, word for word.
import t from 'tap'
import * as z from 'zod'
import { isAdminPort } from '../../agent/triage/rules.ts'
import { adminPorts } from './ports.ts'
import { Ground, ports, sourceText } from './test-ground.ts'

t.test('3389 alone is not malicious; with 3388, 3387 and 3386 refused from the same source it becomes part of a scan', async t => {
  const ground = await Ground.make()
  await ground.arrive([
    { at: 0, source: 1, port: 3389, action: 'allow' },
    { at: 0, source: 2, port: 3389, action: 'allow' },
  ])
  t.same(await ground.findings(), [], '3389 alone is not malicious')
  await ground.arrive([3388, 3387, 3386].map((port, i) => ({ at: 10 + i, source: 1, port })))
  const findings = await ground.findings()
  t.match(findings, [{ rule: 'vertical', source: sourceText(1), amount: 4, techniques: ['T1046', 'T1595.001'], handshake: true }])
  t.equal(findings.length, 1)
  t.same(findings[0].members, [{ member: 'member-1', targets: ['198.1.100.1'], amount: 4, evidence: { 'device-10': [1, 2] } }])
  const kept = ground.register.read(z.object({ member: z.number() }), 'SELECT member FROM finding_keys')
  t.same(kept, [{ member: 1 }], 'the allowed connection counts as suspicious and is kept')
  ground.close()
})

t.test('the ports that boxes and central take for administration are the same', async t => {
  t.same(
    ports(0, 65_536).filter(isAdminPort),
    adminPorts.toSorted((a, b) => a - b),
  )
})
