// Marked messages are taken from this machine only, in one exact form, and cost no gateway its number.
import t from 'tap'
import { Accounts } from '../ledger/accounts.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import { Canary } from './canary.ts'
import { Collector } from './collector.ts'
import { emptyNumbering, Gateways } from './gateways.ts'
import { OpenBatches } from './open-batches.ts'

const nonce = '0123456789abcdef'
const take = (canary: Canary, text: string, now = 1) => canary.take(Buffer.from(`..${text}..`), 2, 2 + text.length, () => now)

t.test('one exact form is taken, with a priority and the end of a line or without', async t => {
  const canary = new Canary()
  const taken = [`cyberalarm-canary ${nonce} 1`, `<13>cyberalarm-canary ${nonce} 2`, `<191>cyberalarm-canary ${nonce} 3\r\n`]
  for (const text of taken) t.ok(take(canary, text), text)
  t.same(canary.outside, { nonce, count: taken.length, atMs: 1 })
  const others = [
    '',
    '<',
    '<13>',
    'cyberalarm-canary ',
    'cyberalarm-canary 0123456789abcde 1',
    `cyberalarm-canary ${nonce}`,
    `cyberalarm-canary ${nonce} `,
    `cyberalarm-canary ${nonce} x`,
    `cyberalarm-canary ${nonce} 1 2`,
    `cyberalarm-canary ${nonce} 1234567890`,
    `cyberalarm-canary ${nonce.toUpperCase()} 1`,
    `<1234>cyberalarm-canary ${nonce} 1`,
    `<13> cyberalarm-canary ${nonce} 1`,
    `date=2026-11-20 cyberalarm-canary ${nonce} 1`,
  ]
  for (const text of others) t.notOk(take(canary, text), text)
  t.equal(canary.outside.count, taken.length)
})

t.test('only the last own one counts as returned, and none of them as one from outside', async t => {
  const canary = new Canary()
  t.notOk(canary.isReturned)
  const first = canary.next('aaaaaaaaaaaaaaaa', 10)
  const second = canary.next('bbbbbbbbbbbbbbbb', 20)
  t.ok(take(canary, first, 21))
  t.notOk(canary.isReturned, 'the one before came late')
  t.ok(take(canary, second, 22))
  t.ok(canary.isReturned)
  t.same(canary.own, { sentAtMs: 20, returnedAtMs: 22 })
  const third = canary.next('cccccccccccccccc', 30)
  t.notOk(canary.isReturned, 'a new one is waited for')
  t.notSame(first.split(' ')[2], third.split(' ')[2], 'they are numbered')
  t.same(canary.outside.count, 0)
  take(canary, `cyberalarm-canary ${nonce} 7`, 31)
  take(canary, 'cyberalarm-canary dddddddddddddddd 1', 32)
  take(canary, 'cyberalarm-canary dddddddddddddddd 2', 33)
  t.same(canary.outside, { nonce: 'dddddddddddddddd', count: 2, atMs: 33 }, 'a new judge begins at 1')
})

t.test('from elsewhere it is a message like any other; from here it takes no number of a gateway', async t => {
  const accounts = new Accounts()
  const gateways = new Gateways(emptyNumbering, () => undefined)
  const collector = new Collector(accounts, new OpenBatches(), gateways, new Triage(new Networks([])))
  const sink = collector.sinkFor('udp')
  const deliver = (text: string, peer: string) => sink.deliver(Buffer.from(text), 0, text.length, peer)
  for (const peer of ['127.0.0.1', '127.255.0.9', '::1']) deliver(`<13>cyberalarm-canary ${nonce} 1`, peer)
  t.match(accounts.totals.udp, { received: 3, ignored: 3, unreadable: 0 })
  t.equal(collector.canary.outside.count, 3)
  t.same([gateways.active, gateways.given], [[], 0], 'no gateway is known, and no number was given')

  deliver(`<13>cyberalarm-canary ${nonce} 2`, '192.0.2.1')
  t.match(accounts.totals.udp, { received: 4, ignored: 3, unreadable: 1 }, 'nobody can send one from outside')
  t.equal(collector.canary.outside.count, 3)

  const blocked =
    '<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= MAC= SRC=203.0.113.7 DST=198.51.100.10 LEN=44 PROTO=TCP SPT=5 DPT=23 SYN'
  deliver(blocked, '127.0.0.1')
  deliver(`<13>cyberalarm-canary ${nonce} 3`, '127.0.0.1')
  sink.refuse('oversize', '::1')
  t.same(
    gateways.active.map(({ number, address, messages }) => [number, address, messages]),
    [
      [1, '192.0.2.1', 1],
      [2, '127.0.0.1', 1],
      [3, '::1', 1],
    ],
    'a relay on this machine is a gateway like any other',
  )
  t.equal(collector.canary.outside.count, 4)
  t.match(accounts.totals.udp, { received: 7, ignored: 4 })
})
