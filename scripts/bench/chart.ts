// One chart of what matters, as SVG: groups of bars, each group with a scale of its own. Colours follow the reader's theme.
import { figure } from './numbers.ts'
import type { Results } from './results.ts'

interface Group {
  readonly title: string
  readonly unit: string
  /** Name of a measure, and what to call it. The first one is ours. */
  readonly bars: readonly (readonly [name: string, label: string])[]
  readonly better: 'shorter' | 'longer'
  readonly goal?: number
}

const groups: readonly Group[] = [
  {
    title: 'CPU a syslog message',
    unit: 'µs',
    better: 'shorter',
    goal: 1.5,
    bars: [
      ['syslog.cost.agent', 'agent'],
      ['syslog.cost.rsyslogd', 'rsyslogd + mmnormalize'],
    ],
  },
  {
    title: 'CPU an NFLOG packet',
    unit: 'µs',
    better: 'shorter',
    goal: 0.8,
    bars: [
      ['nflog.cost.agent', 'agent'],
      ['nflog.cost.ulogd2', 'ulogd2'],
    ],
  },
  {
    title: 'Syslog, highest rate, nothing lost or shed',
    unit: '/s',
    better: 'longer',
    goal: 300_000,
    bars: [
      ['syslog.kept.agent', 'agent'],
      ['syslog.kept.rsyslogd', 'rsyslogd + mmnormalize'],
    ],
  },
  {
    title: 'NFLOG, highest rate, nothing lost or shed',
    unit: '/s',
    better: 'longer',
    goal: 500_000,
    bars: [
      ['nflog.kept.agent', 'agent'],
      ['nflog.kept.ulogd2', 'ulogd2'],
    ],
  },
  {
    title: 'Bytes for each suspicious message',
    unit: 'bytes',
    better: 'shorter',
    goal: 7,
    bars: [
      ['wire.20000.event', 'agent, TLS and all'],
      ['wire.brotli', 'JSON events, brotli 11'],
      ['wire.zstd', 'all lines, zstd -19'],
    ],
  },
  {
    title: 'Message to receipt, 99 %',
    unit: 's',
    better: 'shorter',
    goal: 5,
    bars: [
      ['latency.0.p99', 'agent, quiet'],
      ['latency.20000.p99', 'agent, 20,000/s'],
    ],
  },
]

const WIDTH = 760
const LABEL_WIDTH = 190
const BAR_WIDTH = 430
const ROW = 24
const style = `
  svg { --ink: #1f2328; --soft: #656d76; --ours: #0969da; --theirs: #afb8c1; --goal: #cf222e; --paper: #ffffff }
  @media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --soft: #8d96a0; --ours: #4493f8; --theirs: #545d68; --goal: #ff7b72; --paper: #0d1117 } }
  text { font: 13px system-ui, sans-serif; fill: var(--ink) } .title { font-weight: 600 } .soft { fill: var(--soft) }
  .ours { fill: var(--ours) } .theirs { fill: var(--theirs) } .goal { stroke: var(--goal); stroke-width: 2; stroke-dasharray: 4 3 } .paper { fill: var(--paper) }`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

export function chart(results: Results, caption: string): string {
  let y = 34
  const drawn: string[] = [`<text class="title" x="16" y="${y}">CyberAlarm, measured</text>`]
  drawn.push(`<text class="soft" x="16" y="${y + 20}">${escaped(caption)}</text>`)
  y += 36
  for (const group of groups) {
    const bars = group.bars.filter(([name]) => results.measures.has(name))
    if (bars.length === 0) continue
    drawn.push(drawGroup(results, group, bars, y))
    y += 50 + bars.length * ROW
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="CyberAlarm, measured"><style>${style}</style><rect class="paper" width="${WIDTH}" height="${y}"/>${drawn.join('\n')}</svg>\n`
}

function drawGroup(results: Results, { title, unit, better, goal }: Group, bars: Group['bars'], top: number): string {
  const longest = Math.max(goal ?? 0, ...bars.map(([name]) => results.of(name)))
  const scale = BAR_WIDTH / longest
  const drawn = [
    `<text x="16" y="${top + 20}"><tspan class="title">${title}</tspan> <tspan class="soft">${unit}, ${better} is better</tspan></text>`,
  ]
  bars.forEach(([name, label], i) => {
    const y = top + 32 + i * ROW
    const value = results.of(name)
    const length = Math.max(1, value * scale)
    const isOurs = label.startsWith('agent')
    drawn.push(`<text class="soft" x="${16 + LABEL_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`)
    drawn.push(
      `<rect class="${isOurs ? 'ours' : 'theirs'}" x="${16 + LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="17" rx="2"/>`,
    )
    drawn.push(`<text x="${(16 + LABEL_WIDTH + length + 6).toFixed(1)}" y="${y + 13}">${figure(value)}</text>`)
  })
  if (goal !== undefined) {
    const x = (16 + LABEL_WIDTH + goal * scale).toFixed(1)
    drawn.push(`<line class="goal" x1="${x}" x2="${x}" y1="${top + 28}" y2="${top + 32 + bars.length * ROW - 4}"/>`)
  }
  return drawn.join('\n')
}
