import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { emptyCounts, emptyRows, emptyTotals, type InputName, inputNames, type RowsByInput, unaccounted } from './accounting.ts'
import { Accounts, afterMove, type InputAccount } from './accounts.ts'

const places: readonly ((account: InputAccount) => void)[] = [
  account => account.placedWaiting(),
  account => account.placedMerged(),
  account => account.placedDropped('session-end'),
  account => account.placedDropped('allowed-outbound'),
  account => account.placedIgnored(),
  account => account.placedUnreadable(),
  account => account.placedShed(),
]
const moves: readonly ((accounts: Accounts, rows: RowsByInput) => void)[] = [
  (accounts, rows) => accounts.spooled(rows),
  (accounts, rows) => accounts.sent(rows),
  (accounts, rows) => accounts.shed(rows, 'waiting'),
  (accounts, rows) => accounts.shed(rows, 'spooled'),
  (accounts, rows) => accounts.found(rows, 'spooled'),
  (accounts, rows) => accounts.found(rows, 'waiting'),
]

const input = fc.constantFrom(...inputNames)
const rows = fc.record({ udp: fc.nat(99), tcp: fc.nat(99), tls: fc.nat(99), nflog: fc.nat(99) })
const verb = fc.oneof(
  fc.record({ kind: fc.constant('received' as const), input }),
  fc.record({ kind: fc.constant('placed' as const), input, place: fc.nat(places.length - 1) }),
  fc.record({ kind: fc.constant('moved' as const), move: fc.nat(moves.length - 1), rows }),
)

t.test('whatever is counted in whatever order: what is not accounted for was received and not placed', async t => {
  const property = fc.property(fc.array(verb, { maxLength: 200 }), verbs => {
    const accounts = new Accounts()
    const inHand: RowsByInput = emptyRows()
    for (const one of verbs) {
      if (one.kind === 'moved') moves[one.move](accounts, one.rows)
      else if (one.kind === 'received') {
        accounts.of(one.input).received()
        inHand[one.input]++
      } else {
        places[one.place](accounts.of(one.input))
        inHand[one.input]--
      }
      for (const name of inputNames) assert.equal(unaccounted(accounts.totals[name]), inHand[name], `${one.kind}: ${name}`)
    }
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('each verb counts at its own place and at no other', async t => {
  const counted = (name: InputName, change: object) => ({ ...emptyTotals(), [name]: { ...emptyCounts(), ...change } })
  const expected = [
    { waiting: 1 },
    { merged: 1 },
    { dropped: { 'session-end': 1 } },
    { dropped: { 'allowed-outbound': 1 } },
    { ignored: 1 },
    { unreadable: 1 },
    { shed: 1 },
  ]
  for (const [i, place] of places.entries()) {
    const accounts = new Accounts()
    place(accounts.of('tls'))
    t.strictSame(accounts.totals, counted('tls', expected[i]))
  }
  const start = { waiting: 10, spooled: 10 }
  const moved = [
    { waiting: 7, spooled: 13 },
    { waiting: 10, spooled: 7, sent: 3 },
    { waiting: 7, spooled: 10, shed: 3 },
    { waiting: 10, spooled: 7, shed: 3 },
    { waiting: 10, spooled: 13, received: 3 },
    { waiting: 13, spooled: 10, received: 3 },
  ]
  for (const [i, move] of moves.entries()) {
    const accounts = new Accounts(counted('udp', start))
    move(accounts, { ...emptyRows(), udp: 3 })
    t.strictSame(accounts.totals, counted('udp', moved[i]))
  }
})

t.test('accounts are a copy: neither the totals they start from nor a snapshot changes with them', async t => {
  const begun = emptyTotals()
  const accounts = new Accounts(begun)
  const before = accounts.snapshot()
  accounts.of('udp').received()
  accounts.of('udp').placedDropped('session-end')
  t.strictSame([begun, before], [emptyTotals(), emptyTotals()])
  const after = afterMove(accounts.totals, { ...emptyRows(), udp: 2 }, 'waiting', 'spooled')
  t.match(after.udp, { received: 1, waiting: -2, spooled: 2 })
  t.match(accounts.totals.udp, { received: 1, waiting: 0, spooled: 0 })
})
