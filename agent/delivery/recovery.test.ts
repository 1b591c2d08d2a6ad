import { mkdirSync, rmSync } from 'node:fs'
import t from 'tap'
import { pathsBelow } from '../paths.ts'
import { close, makeIdentity, openLife, receive, send, stop, sumsOf, withRoom } from '../testing/box-life.ts'
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

t.test(
  'central was restored from a backup: a box that is enrolled again sends all that waits, behind a statement about what is lost',
  async t => {
    const paths = pathsBelow(memoryFolder(t))
    mkdirSync(paths.data, { recursive: true })
    await makeIdentity(paths.identity)
    const central = new ModelCentral()
    const before = await openLife(paths, withRoom(2 ** 20))
    let backup = central
    let stand = { sequence: 0, hash: '' }
    for (const batch of [1, 2, 3, 4, 5, 6]) {
      receive(before, batch * 10, 10)
      t.ok(await close(before))
      if (batch <= 3) await send(before, central)
      if (batch === 1) backup = ModelCentral.copy(central)
      if (batch === 1) stand = { sequence: 1, hash: before.ledger.state.hash }
    }
    await stop(before)
    const stored = readIdentity(paths.identity)?.stored
    if (stored !== undefined) writeIdentity(paths.identity, { ...stored, enrolment: 'again', chain: stand })
    // once more from the disk, as if the power had gone behind the first start
    for (const life of [1, 2]) {
      const after = await openLife(paths, withRoom(2 ** 20))
      t.same(after.spool.damage, [])
      if (life === 1) {
        await stop(after)
        continue
      }
      receive(after, 70, 10)
      t.ok(await close(after))
      await send(after, backup)
      t.equal(backup.rows, 50, 'batches 1 and 4 to 7')
      t.match(sumsOf(after), { received: 70, sent: 70, shed: 0, kept: 0, wrong: 0 })
      await stop(after)
    }
    t.equal((await openLife(paths)).ledger.damage.length, 0)
  },
)
