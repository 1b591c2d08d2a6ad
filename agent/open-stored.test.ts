import { mkdirSync } from 'node:fs'
import t from 'tap'
import { Failure } from './errors.ts'
import { quietLog } from './log.ts'
import { openStored } from './open-stored.ts'
import { pathsBelow } from './paths.ts'
import { madeIdentity } from './testing/made-identity.ts'
import { writeIdentity } from './uplink/identity.ts'

t.test('another identity counts once the ledger has it, and that is told, however late the disk takes it', async t => {
  const paths = pathsBelow(t.testdir())
  mkdirSync(paths.data, { recursive: true })
  const first = await madeIdentity()
  writeIdentity(paths.identity, first.stored)
  const stored = openStored({ paths, quotas: { ledger: 2 ** 20, spool: 2 ** 20 }, log: quietLog })
  t.teardown(() => stored.ledger.close())
  t.equal(stored.identity(), undefined, 'none before the chain is in order')
  await stored.recover()
  t.equal(stored.identity()?.stored.device, first.stored.device)
  t.equal(stored.adoptIdentity(), false, 'nothing new')

  const { ledger } = stored
  const append = ledger.append.bind(ledger)
  ledger.append = () => {
    throw new Failure('disk-full', 'no room')
  }
  writeIdentity(paths.identity, { ...first.stored, enrolment: 'second' })
  t.equal(stored.adoptIdentity(), true, 'the one before counts no more')
  t.equal(stored.identity(), undefined)
  t.equal(stored.adoptIdentity(), false)
  ledger.append = append
  t.equal(stored.adoptIdentity(), true)
  t.equal(stored.identity()?.stored.enrolment, 'second')
})
