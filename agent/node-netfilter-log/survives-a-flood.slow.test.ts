import t from 'tap'
import type { Outcome, Plan } from './test-logged.ts'
import { inNamespace, whyNoNamespace } from './test-support.ts'

const COUNT = 2_000_000

t.test(
  'two million packets as fast as they can be sent: each one received, or counted as lost by the kernel',
  {
    skip: whyNoNamespace() ?? false,
    timeout: 240_000,
  },
  async test => {
    for (const strain of [{}, { receiveBufferBytes: 262_144, slowMs: 10 }]) {
      const plan: Plan = { count: COUNT, groups: [5], ...strain }
      const { logged, seen, kernelDrops } = (await inNamespace('test-logged.ts', JSON.stringify(plan))) as Outcome
      test.comment(`${seen[0].packets} received + ${seen[0].lost} lost, of ${logged[0]}; ${kernelDrops} netlink messages dropped`)
      test.equal(logged[0], COUNT + 1)
      test.equal(seen[0].packets + seen[0].lost, logged[0])
      test.equal(seen[0].events, seen[0].packets)
    }
  },
)
