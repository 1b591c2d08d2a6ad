// Releases of the real agent that are broken in one thing each are left again within a minute of the switch, on a machine with a real systemd,
// an enrolled agent and a real central. The minute is shorter here; the real one is in probation.updates.test.ts.
import t from 'tap'
import { whyNoBox } from './test-box-machine.ts'
import { first, type Patch, startTrialBox } from './test-trial-box.ts'

const reason = whyNoBox()
if (reason !== undefined) console.log(`# not run: ${reason}`)
t.setTimeout(900_000)
const SECONDS = 15

const bad: readonly (readonly [name: string, patch: Patch, code: RegExp])[] = [
  ['crashes', first('setTimeout(() => process.exit(1), 3000)'), /restarted/],
  ['never starts', first("throw new Error('broken')"), /restarted|not-up/],
  ['hangs', first('setTimeout(() => { for (;;); }, 3000)'), /data-path|keeps-nothing/],
  ['leaks', first("const kept = []; setInterval(() => kept.push(Buffer.alloc(6 << 20, 'x')), 200)"), /memory/],
  [
    'stays silent',
    (read, write) => {
      const file = 'node_modules/node-netfilter-log/index.js'
      write(
        file,
        read(file).replace(
          'export function openUdp(options) {',
          'export function openUdp(given) {\n  const options = { ...given, onBatch() {} }',
        ),
      )
    },
    /data-path/,
  ],
  [
    'cannot send',
    first(
      "import tls from 'node:tls'; import { syncBuiltinESMExports } from 'node:module'; tls.connect = () => { throw new Error('no way') }; syncBuiltinESMExports()",
    ),
    /does-not-send/,
  ],
  ['could never be updated', first("if (process.argv.includes('update')) process.exit(1)"), /updater/],
]

t.test('each bad release is left for the one before', { skip: reason ?? false }, async t => {
  const box = await startTrialBox(t, { seconds: SECONDS })
  const sending = box.send({ udp: 200, tcp: 50 })
  const good = await box.update()
  t.match(good, { state: 'trial', number: 2, text: 'on trial for a day' }, 'a good one is kept')
  box.machine.sh('/usr/lib/cyberalarm/update/keep')
  const active = box.machine.sh('cat /var/lib/cyberalarm-releases/active')
  for (const [name, patch, code] of bad)
    await t.test(`one that ${name}`, async t => {
      const said = await box.update(patch)
      t.match(said, { state: 'taken-back', number: 2 })
      t.match(said.text, code)
      t.ok(said.tookMs <= 60_000, `${said.text}: ${said.tookMs} ms`)
      t.equal(box.machine.sh('cat /var/lib/cyberalarm-releases/active'), active)
      t.match(box.machine.run(['ls', '/var/lib/cyberalarm-releases/failed']).out, /\.tar\.zst$/m)
      await box.isUp()
    })
  const sent = await sending.end()
  t.ok(sent.udp > 0)
})
