// Central is away until the queue is full: how full it is, and how much had to be discarded, is said on the box, and by central when it is
// back. A real agent, a real disk, 16 MiB of sealed batches.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { cyberalarm, sums, temporaryFolder, until } from '../testing/harness.ts'
import { checkOf, healthBox, whenCheck } from '../testing/health-box.ts'

t.setTimeout(300_000)
const LINES = 5000
/** With a block more they fit into one batch (BATCH_MAX_ROWS of batch/open-batch.ts): what memory cannot hold would be discarded as well. */
const WAITING_MAX = 20_000

/** Addresses and ports that no compression makes smaller. */
function block(): string {
  const random = randomBytes(LINES * 26)
  const lines: string[] = []
  for (let at = 0; at < random.length; at += 26) {
    const address = (from: number) => `2001:0db8${random.toString('hex', from, from + 12).replace(/.{4}/g, ':$&')}`
    const port = random.readUInt16BE(at + 24)
    const ends = `SRC=${address(at)} DST=${address(at + 12)}`
    lines.push(`<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= ${ends} LEN=60 PROTO=TCP SPT=${port} DPT=23 SYN\n`)
  }
  return lines.join('')
}

t.test('a queue that is full, and what is discarded then', async t => {
  const folder = join(temporaryFolder(t), 'central')
  const first = await startCentral({ folder })
  const box = healthBox(t, { central: first, settings: { 'spool.quotaMiB': '16' } })
  await cyberalarm(box.root, 'enrol', await first.makeCode())
  const { port } = new URL(first.url)
  await first.close()
  const agent = await box.start()
  t.match(checkOf(await agent.status(), 'spool-full'), { level: 'ok', value: 0 })
  const socket = connect(agent.tcpPort, '127.0.0.1')
  await once(socket, 'connect')
  socket.resume()
  const seen = new Map<string, string>()
  let blocks = 0
  await until(
    async () => {
      if (!socket.write(block())) await once(socket, 'drain')
      blocks++
      const status = await until(agent.status, one => sums(one).received === blocks * LINES && sums(one).waiting < WAITING_MAX)
      for (const { code, detail, severity } of status.findings) seen.set(`${code} ${severity}`, detail)
      return status
    },
    status => checkOf(status, 'shed')?.level === 'bad',
    120_000,
  )
  socket.end()
  t.comment(`${blocks * LINES} messages, ${JSON.stringify([...seen])}`)
  t.match(
    seen.get('queue-filling warning'),
    /^The queue is [5-8]\d % full; when it is full, the oldest events of least value are discarded$/,
  )
  t.match(seen.get('queue-filling problem'), /^The queue is (8|9|10)\d % full;/)
  t.match(await whenCheck(agent, 'shed', 'bad'), /Events discarded in the last 24 hours: \d+,\d{3}(,\d{3})? \[queue-shed\]/)

  const central = await startCentral({ folder, port: Number(port) })
  t.teardown(() => central.close())
  const findings = await until(
    async () => (await central.boxes())[0]?.findings ?? [],
    all => all.some(({ code }) => code === 'queue-shed'),
    120_000,
  )
  t.match(findings.find(({ code }) => code === 'queue-shed')?.text, /^Events discarded in the last 24 hours: [\d,]+$/)
})
