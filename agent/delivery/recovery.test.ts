import { mkdirSync, rmSync } from 'node:fs'
import t from 'tap'
import { pathsBelow } from '../paths.ts'
import { close, makeIdentity, openLife, receive, send, stop, sumsOf } from '../testing/box-life.ts'
import { memoryFolder } from '../testing/harness.ts'
import { ModelCentral } from '../testing/model-central.ts'
import { readIdentity, writeIdentity } from '../uplink/identity.ts'

for (const isEnrolledAgain of [false, true])
  t.test(
    `without any ledger ${isEnrolledAgain ? 'a box that was enrolled again' : 'a box'} sends what waits in its spool, and what comes after`,
    async t => {
      const paths = pathsBelow(memoryFolder(t))
      mkdirSync(paths.data, { recursive: true })
      await makeIdentity(paths.identity)
      const central = new ModelCentral()
      const before = await openLife(paths)
      for (const batch of [1, 2, 3]) {
        receive(before, batch * 10, 10)
        t.ok(await close(before))
        if (batch === 1) await send(before, central)
      }
      await stop(before)
      t.equal(central.rows, 10)
      rmSync(paths.ledger, { recursive: true })
      const stored = readIdentity(paths.identity)?.stored
      const { receipted: sequence, hash } = before.ledger.state
      if (isEnrolledAgain && stored !== undefined)
        writeIdentity(paths.identity, { ...stored, enrolment: 'again', chain: { sequence, hash } })
      const after = await openLife(paths)
      receive(after, 40, 10)
      await send(after, central)
      t.ok(await close(after))
      await send(after, central)
      t.equal(central.rows, 40)
      t.match(sumsOf(after), { received: 30, sent: 30, shed: 0, kept: 0, wrong: 0 })
      await stop(after)
    },
  )
