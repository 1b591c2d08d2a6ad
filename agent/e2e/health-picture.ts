// Draws docs/health.svg: what a real box says on its console and in `status`, and what a real central says of it, beside each other.
// Addresses and host name are replaced by those of documentation.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { overview } from '../../appliance/box/console/flow.ts'
import { readFacts } from '../../appliance/box/console/read-facts.ts'
import { textOf } from '../../appliance/box/console/test-facts.ts'
import { wrap } from '../../appliance/box/console/text.ts'
import { view } from '../../appliance/box/console/view.ts'
import { startCentral } from '../../central-stub/central.ts'
import { boxesText } from '../../central-stub/operator/boxes.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, until, writeSettings } from '../testing/harness.ts'

const COLUMNS = 112
const LINE = 17
const CHARACTER = 7.8

const folder = mkdtempSync(join(tmpdir(), 'ca-'))
const root = join(folder, 'box')
mkdirSync(root)
const central = await startCentral({ folder: join(folder, 'central') })
writeSettings(root, central)
await cyberalarm(root, 'enrol', await central.makeCode('St Example School'))
const agent = await startAgent(root)
try {
  await sendTcp(agent.tcpPort, [
    ...Array.from({ length: 300 }, (_, i) => blockedLine(i)),
    ...Array.from({ length: 400 }, (_, i) => `<13>nothing that any product says ${i}`),
  ])
  await until(
    async () => {
      await sendTcp(agent.tcpPort, [blockedLine(1000 + Math.floor(Math.random() * 60_000))])
      await sleep(3000)
      return (await central.boxes())[0]
    },
    look => look.findings.some(({ code }) => code === 'gateway-unread'),
    240_000,
  )
  const facts = { ...(await readFacts(root)), now: Date.now(), addresses: ['192.0.2.10'], hostName: 'fw-logs' }
  const page = textOf(view(overview, facts, { columns: COLUMNS, rows: 26 })).split('\n')
  const status = (await cyberalarm(root, 'status')).out.split('\n').slice(0, 9)
  const boxes = boxesText(await central.boxes(), Date.now()).split('\n')
  const panels = [
    ['On its console', page],
    ['On the box: cyberalarm status', status],
    ['At central: node central-stub/main.ts boxes', boxes],
  ] as const
  writeFileSync(join(import.meta.dirname, '../../docs/health.svg'), draw(panels.map(([title, lines]) => [title, lines.flatMap(folded)])))
} finally {
  await agent.kill('SIGTERM')
  await central.close()
  rmSync(folder, { recursive: true, force: true })
}

function folded(line: string): string[] {
  const text = line.replaceAll('127.0.0.1', '192.0.2.1').replace(/https:\/\/localhost:\d+/, 'https://central.example')
  if (text.length <= COLUMNS) return [text]
  const indent = ' '.repeat(text.length - text.trimStart().length + 2)
  return wrap(text.trimStart(), COLUMNS - indent.length).map((part, i) => `${i === 0 ? indent.slice(2) : indent}${part}`)
}

function draw(panels: readonly (readonly [title: string, lines: readonly string[]])[]): string {
  const width = Math.ceil(COLUMNS * CHARACTER) + 32
  let y = 8
  const parts = panels.map(([title, lines]) => {
    const height = (lines.length + 3) * LINE
    const rows = lines.map((line, i) => {
      const isWrong = /^\s*(!|■ )/.test(line)
      return `<text x="24" y="${y + (i + 3) * LINE}" fill="${isWrong ? '#ffd75f' : '#e4e4e4'}" xml:space="preserve">${escaped(line)}</text>`
    })
    const panel = `<rect x="8" y="${y}" width="${width - 16}" height="${height}" rx="6" fill="#1c1f26"/>
<text x="24" y="${y + LINE}" fill="#87afd7" font-weight="bold">${escaped(title)}</text>
${rows.join('\n')}`
    y += height + 10
    return panel
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">
<title>One box in the words of its console, of status and of central</title>
${parts.join('\n')}
</svg>
`
}

function escaped(text: string): string {
  return text.trimEnd().replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
