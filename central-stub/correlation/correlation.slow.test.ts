// Central as a whole: a batch over TLS, and what the operator is told of it.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Endpoint, OpenBatch } from '../../agent/batch/open-batch.ts'
import { packBatch } from '../../agent/batch/pack.ts'
import { until } from '../../agent/testing/harness.ts'
import { startCentral } from '../central.ts'
import { enrolBox, makeBatch, send, targetOf, zeroHash } from '../test-box.ts'

const context = { gateway: 1, product: 1, reason: 2, input: 0, sourceEndpoint: Endpoint.foreign, destinationEndpoint: Endpoint.ours }

/** A packed batch: 3389 allowed, and the ports below it refused, as one box saw it. */
function packScan(): Promise<Uint8Array> {
  const batch = new OpenBatch()
  for (const port of [3389, 3388, 3387, 3386])
    batch.add(
      {
        words: Uint32Array.from([0, 0, 0xffff, 0xcb007109, 0, 0, 0xffff, 0x0a000001]),
        hasSource: true,
        hasDestination: true,
        time: Date.now(),
        clock: 1,
        action: port === 3389 ? 0 : 1,
        sourcePort: 40_000,
        destinationPort: port,
        protocol: 6,
        bytes: -1,
        packets: -1,
        rule: -1,
        count: 1,
        direction: 1,
        isLate: false,
        reset: () => undefined,
      },
      context,
    )
  return packBatch(batch, {
    pseudonymise: addresses => Buffer.alloc(addresses.length, 0xab),
    reasonName: () => 'blocked',
    accounting: { received: 4 },
  })
}

t.test('what a box sends is found, and `findings` tells what to do', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const reports: unknown[] = []
  const central = await startCentral({ folder, report: error => reports.push(error) })
  const box = await enrolBox(targetOf(central, folder), await central.makeCode('St Example School'))
  const sent = await makeBatch(box, 1, zeroHash, { packed: await packScan() })
  t.equal((await send(box, sent)).status, 200)
  const [finding] = await until(
    () => central.findings(10),
    findings => findings.length > 0,
  )
  t.match(finding, {
    rule: 'vertical',
    source: '203.0.113.9',
    amount: 4,
    members: [{ member: 'St Example School', targets: [`in-${'ab'.repeat(16)}`] }],
  })
  t.same(finding.members[0].evidence, { [box.device]: [1] })
  const { correlation } = await until(
    () => central.limits(),
    limits => limits.correlation.events > 0,
  )
  t.match(correlation, { findings: 1, events: 4, failed: 0 })
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../main.ts'), 'findings', '--folder', folder])
  t.match(stdout, /scan of the ports of one address {2}from 203\.0\.113\.9/)
  t.match(stdout, /4 ports at 1 member; ATT&CK T1046, T1595\.001; too few members to tell/)
  t.match(stdout, /grade F3, confidence 50 %, with a handshake; not enough to act/, 'the box is younger than a day')
  t.match(stdout, /Close the ports that need not be open\./)
  await central.close()
  t.same(reports, [])
})
