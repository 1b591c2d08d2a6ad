// What the judge reads from the kernel, asks central, and decides over a day.
import t from 'tap'
import { isBack, wayOf } from './canary.ts'
import { type Baseline, type Sample, saidSchema } from './facts.ts'
import { anonymousBytes, processorSeconds, startedAtMs, udpPort } from './kernel-facts.ts'
import { CHECKS, type Check, laterFault, nothingBefore, type SecondStage, withCheck } from './later-rules.ts'
import type { Central } from './probe.ts'
import { SendsWatch } from './sends.ts'

const MIB = 1024 * 1024

t.test('what the kernel says is read as it is written', async t => {
  t.equal(anonymousBytes('Name:\tnode\nVmRSS:\t  90000 kB\nRssAnon:\t   45000 kB\n'), 45_000 * 1024)
  t.equal(anonymousBytes(''), undefined)
  const stat = `223 (node (x) 1) S 1 223 223 0 -1 4194560 9000 0 0 0 150 50 0 0 20 0 11 0 1200 1 1 1`
  t.equal(processorSeconds(stat), 2, 'a name with brackets and spaces moves nothing')
  t.equal(startedAtMs('cpu 1\nbtime 1000\n', stat), 1_012_000)
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops'
  const row =
    '  1: 00000000000000000000000000000000:0202 00000000000000000000000000000000:0000 07 00000000:00000A00 00:00000000 00000000   100        0 1 2 0000000000000000 42'
  t.same(udpPort([`${head}\n${row}\n`, head], 514), { queuedBytes: 2560, drops: 42 })
  t.equal(udpPort([head, ''], 514), undefined)
})

t.test('marked messages go to the socket that the box has', async t => {
  t.same(
    wayOf([
      { name: 'tcp', address: '[::]:601' },
      { name: 'udp', address: '[::]:514' },
    ]),
    { kind: 'udp', host: '127.0.0.1', port: 514 },
  )
  t.same(wayOf([{ name: 'tcp', address: '192.0.2.1:601' }]), { kind: 'tcp', host: '192.0.2.1', port: 601 })
  t.equal(wayOf([{ name: 'nflog', address: 'group 514' }]), undefined)
  const said = saidSchema.parse({ running: true, version: '9', sources: [], canary: { nonce: 'a', count: 20 }, central: {}, more: 1 })
  t.ok(isBack('a', said) && !isBack('b', said) && !isBack('a', undefined))
})

const sample = (second: number, receipted: number, lastAnswerAt: string | null = null): Sample => ({
  atMs: second * 1000,
  state: 'active',
  pid: 2,
  restarts: 0,
  anonymousBytes: MIB,
  processorSeconds: 1,
  udp: undefined,
  ledger: { generation: second, received: 0, unaccounted: 0, sequence: 10, receipted },
  isDiskFull: false,
  said: saidSchema.parse({ running: true, version: '1', sources: [], central: { lastAnswerAt } }),
})

/** Looks each second for so long; `central` is asked with the second. */
async function sends(seconds: number, central: (second: number) => Central, at: (second: number) => Sample, hasAnswers = false) {
  let second = 0
  const watch = new SendsWatch({ hasAnswers }, { sendsMs: 45_000 }, async () => central(second))
  let last = 'fine'
  const up: Sample[] = []
  for (; second < seconds && last !== 'fault'; second++) {
    up.push(at(second))
    last = await watch.look(up)
  }
  return last
}

t.test('that nothing gets through is a fault only while central is there', async t => {
  const stuck = (second: number) => sample(second, 9)
  t.equal(await sends(60, () => 'there', stuck), 'fault')
  t.equal(await sends(40, () => 'there', stuck), 'fine', 'not before its time')
  t.equal(await sends(60, () => 'away', stuck), 'waits')
  t.equal(await sends(60, second => (second < 30 ? 'away' : 'there'), stuck), 'waits', 'it may be waiting to try again')
  t.equal(
    await sends(
      600,
      second => (second < 30 ? 'away' : 'there'),
      second => sample(second, second < 100 ? 9 : 10),
    ),
    'fine',
  )
  t.equal(await sends(60, () => 'none', stuck), 'fine', 'a box without a central')
  t.equal(
    await sends(
      60,
      () => 'there',
      second => sample(second, 10),
    ),
    'fine',
    'nothing waits',
  )
  t.equal(
    await sends(
      60,
      () => 'there',
      second => sample(second, 10),
      true,
    ),
    'fault',
    'the old one got answers without any batch',
  )
  t.equal(
    await sends(
      60,
      () => 'there',
      second => sample(second, 10, '2026-01-01T00:00:00Z'),
      true,
    ),
    'fine',
  )
})

const before = { version: '1', pid: 1, hasCanary: true, anonymousBytes: 60 * MIB, sources: [] } as unknown as Baseline
const fine: Check = { isUp: true, isBack: true, anonymousBytes: 70 * MIB, sequence: 5, receipted: 5, central: 'none' }
const after = (checks: readonly Check[], restarts: (nth: number) => number = () => 0): SecondStage =>
  checks.reduce<SecondStage>((stage, check, i) => withCheck(stage, check, restarts(i)), { ...nothingBefore({ ...full }), before })
const full: Baseline = {
  version: '1',
  pid: 1,
  startMs: 0,
  sources: [],
  hasCanary: true,
  receivedPerSecond: 0,
  dropsPerSecond: 0,
  anonymousBytes: 0,
  receipted: 0,
  hasAnswers: false,
}
const three = (check: Partial<Check>): Check[] => [fine, ...Array.from({ length: 3 }, () => ({ ...fine, ...check }))]

t.test('in its first day it may not loop, leak or lose its way to central', async t => {
  const day = after(Array.from({ length: CHECKS }, () => fine))
  t.equal(laterFault(day), undefined)
  t.equal(day.checks, CHECKS)
  t.ok(JSON.stringify(day).length < 4000, 'what is kept is bounded')
  t.equal(laterFault(after(three({}), nth => nth + 1))?.code, 'restarted')
  t.equal(
    laterFault(after(three({}), nth => [2, 0, 1, 0][nth]))?.code,
    undefined,
    'three times is no loop; the number begins anew with the machine',
  )
  t.equal(laterFault(after(three({ isUp: false })))?.code, 'not-up')
  t.equal(laterFault(after(three({ isBack: false })))?.code, 'data-path')
  t.equal(laterFault(after(three({ anonymousBytes: 200 * MIB })))?.code, 'memory')
  t.equal(laterFault(after([...three({ anonymousBytes: 200 * MIB }), fine]))?.code, undefined)
  t.equal(laterFault(after(three({ sequence: 9, central: 'there' })))?.code, 'does-not-send')
  t.equal(laterFault(after(three({ sequence: 9, central: 'away' })))?.code, undefined, 'central is away')
})
