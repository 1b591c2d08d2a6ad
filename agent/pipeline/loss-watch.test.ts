// Of sources only the numbers are looked at here; e2e/counts-what-a-restart-costs has real ones.
import t from 'tap'
import { Accounts } from '../ledger/accounts.ts'
import type { Source } from '../sources/source.ts'
import { type Before, LossWatch, sequencesBefore } from './loss-watch.ts'

interface Numbers {
  lost: number | null
  readonly counters?: { connectionsCut: number; bytesCut: number }
}

const source = (name: Source['name'], numbers: Numbers): Source => ({
  name,
  address: '[::]:514',
  get counters() {
    return { ...numbers.counters }
  },
  kernelLost: () => numbers.lost,
  ...(name === 'nflog' ? { sequences: { 5: 9 } } : {}),
  close: async () => undefined,
})

const stopped = { at: 1_000_000, uptime: 100, drops: 40, sequences: { 5: 7 } }
const before: Before = { heard: stopped, sockets: { udp: 11, tcp: 12, tls: 0, nflog: 14 } }
const later = { at: 1_002_500, uptime: 102.5 }

function watch(from: Before, now: typeof later, sockets: Readonly<Record<string, number>>, numbers: { udp: Numbers; tcp: Numbers }) {
  const accounts = new Accounts()
  const sources = [source('udp', numbers.udp), source('tcp', numbers.tcp), source('tls', { lost: null }), source('nflog', { lost: 0 })]
  return { accounts, losses: new LossWatch(accounts, from, { sources, sockets }, now) }
}
const fresh = () => ({ udp: { lost: 0 }, tcp: { lost: null, counters: { connectionsCut: 0, bytesCut: 0 } } })

t.test('a socket that systemd kept was not deaf, and what the kernel dropped on it in between counts', async t => {
  const numbers = { ...fresh(), udp: { lost: 47 } }
  const { accounts, losses } = watch(before, later, { udp: 11, tcp: 12, tls: 0, nflog: 14 }, numbers)
  t.same(losses.deafMs, { tls: 2500 })
  t.match(accounts.totals, { udp: { lost: { kernel: 7, deafMs: 0 } }, tls: { lost: { deafMs: 2500 } } })
  t.same(sequencesBefore(before, 14, later), { 5: 7 })
  numbers.udp.lost = 50
  numbers.tcp.counters.connectionsCut = 1
  numbers.tcp.counters.bytesCut = 200
  losses.end({ at: 1_003_000, uptime: 103 })
  t.same(losses.heard({ at: 1_009_000, uptime: 109 }), { at: 1_003_000, uptime: 103, drops: 50, sequences: { 5: 9 } })
  t.match(accounts.totals, { udp: { lost: { kernel: 10 } }, tcp: { lost: { connections: 1, bytes: 200 } } })
})

t.test('another socket was opened anew: all its drops count, and until then nobody listened', async t => {
  const { accounts, losses } = watch(before, later, { udp: 21, tcp: 0, tls: 0, nflog: 24 }, { ...fresh(), udp: { lost: 3 } })
  t.same(losses.deafMs, { udp: 2500, tcp: 2500, tls: 2500, nflog: 2500 })
  t.match(accounts.totals.udp.lost, { kernel: 3, deafMs: 2500 })
  t.same(sequencesBefore(before, 24, later), {})
  t.same(sequencesBefore(before, 0, later), {})
})

t.test('a machine that was off has other sockets, whatever their numbers; an input that is new was not missed', async t => {
  for (const uptime of [3, 101, 250]) {
    const now = { at: 1_600_000, uptime }
    const { losses } = watch(before, now, before.sockets, fresh())
    t.same(losses.deafMs, { udp: 600_000, tcp: 600_000, tls: 600_000, nflog: 600_000 }, `up for ${uptime} s`)
    t.same(sequencesBefore(before, 14, now), {})
  }
  t.same(watch({ heard: stopped, sockets: { tcp: 0 } }, later, { udp: 0, tcp: 0 }, fresh()).losses.deafMs, { tcp: 2500 })
  t.same(watch({ heard: undefined, sockets: {} }, later, { udp: 0 }, fresh()).losses.deafMs, {}, 'a first start')
  const backwards = watch(before, { at: 10, uptime: 1 }, {}, fresh())
  t.same(backwards.losses.deafMs, {}, 'a clock that was set back says nothing')
})

t.test('connections that were open when the agent before was killed count as cut', async t => {
  const killed = { heard: { ...stopped, connections: { tcp: 3 } }, sockets: before.sockets }
  const { accounts, losses } = watch(killed, later, before.sockets, fresh())
  t.match(accounts.totals, { udp: { lost: { connections: 0 } }, tcp: { lost: { connections: 3 } } })
  t.equal(losses.heard(later).connections, undefined)
})

t.test('connections that the agent before left to this one are not cut, and those that this one leaves are named', async t => {
  const left = { heard: { ...stopped, connections: { tcp: 3 } }, sockets: before.sockets }
  const accounts = new Accounts()
  const tcp = { ...source('tcp', { lost: null }), counters: { connectionsAdopted: 2, connectionsOpen: 0 }, kept: 5 }
  const losses = new LossWatch(accounts, left, { sources: [tcp], sockets: { tcp: 12 } }, later)
  t.equal(accounts.totals.tcp.lost.connections, 1, 'the third did not come')
  t.same(losses.heard(later).connections, { tcp: 5 })
})

t.test('the kernel may say nothing, or begin anew', async t => {
  const numbers = fresh() as { udp: Numbers; tcp: Numbers }
  const { accounts, losses } = watch({ heard: undefined, sockets: {} }, later, {}, numbers)
  for (const lost of [5, null, 5, 2, null]) {
    numbers.udp.lost = lost
    losses.refresh()
  }
  t.equal(accounts.totals.udp.lost.kernel, 7)
})
