// What is taken up of descriptors that were handed over. That systemd hands them over is in e2e/restarts-cost-nothing.
import { fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isErrorWithCode } from '../lib/durable-file.ts'
import { serviceManager } from '../lib/service-manager.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { DescriptorStore } from './descriptor-store.ts'
import { encodeKept } from './syslog/kept-connections.ts'

const UP_SECONDS = 5000
const alone = serviceManager(undefined, () => undefined)

function prepare(t: Test) {
  const folder = temporaryFolder(t)
  const store = new DescriptorStore({ manager: alone, folder, uptime: () => UP_SECONDS })
  const open = (name: string) => openSync(join(folder, name), 'w+')
  const numberOf = (descriptor: number) => fstatSync(descriptor).ino
  const written = (...sockets: number[]) => {
    const file = open('unfinished')
    const held = Buffer.from('<13>half')
    const numbers = [2, 1, 0, 0, 0, 10]
    for (const socket of sockets) writeSync(file, encodeKept(socket, { descriptor: 0, peer: '192.0.2.1', unfinished: { numbers, held } }))
    return file
  }
  return { folder, store, open, numberOf, written }
}

const isClosed = (descriptor: number): boolean => {
  try {
    fstatSync(descriptor)
    return false
  } catch (error) {
    return isErrorWithCode(error, 'EBADF')
  }
}

t.test('a connection is taken up with what was written of it, once; one that nothing is known of is closed', async t => {
  const { folder, store, open, numberOf, written } = prepare(t)
  const [known, unknown] = [open('known'), open('unknown')]
  const file = written(numberOf(known))
  const handed = [
    { kind: 'connection', since: UP_SECONDS - 5, descriptor: known },
    { kind: 'unfinished', since: UP_SECONDS - 5, descriptor: file },
    { kind: 'connection', since: UP_SECONDS - 5, descriptor: unknown },
  ] as const
  const taken = store.take(handed)
  t.match(taken, [{ descriptor: known, peer: '192.0.2.1', unfinished: { numbers: [2, 1, 0, 0, 0, 10] } }])
  t.equal(taken[0].unfinished.held.toString(), '<13>half')
  t.same([isClosed(known), isClosed(unknown), isClosed(file)], [false, true, true])
  t.equal(readFileSync(join(folder, 'unfinished'), 'utf8'), '', 'whoever is given the file again learns nothing from it')
})

t.test('connections that waited for 10 minutes, or since before the machine was started, are closed', async t => {
  for (const since of [UP_SECONDS - 601, UP_SECONDS + 60]) {
    const { store, open, numberOf, written } = prepare(t)
    const old = open('old')
    const handed = [
      { kind: 'unfinished', since, descriptor: written(numberOf(old)) },
      { kind: 'connection', since, descriptor: old },
    ] as const
    t.same(store.take(handed), [], String(since))
    t.ok(isClosed(old))
  }
})

t.test('where no systemd takes it, nothing is kept, nothing is closed, and no file stays', async t => {
  const { folder, store, open } = prepare(t)
  const descriptor = open('connection')
  t.same(store.keep([{ descriptor, peer: '192.0.2.1', unfinished: { numbers: [0, 0, 0, 0, 0, -1], held: Buffer.alloc(0) } }]), [])
  t.equal(readSync(descriptor, Buffer.alloc(1)), 0)
  t.throws(() => readFileSync(join(folder, 'unfinished.draft')), { code: 'ENOENT' })
})
