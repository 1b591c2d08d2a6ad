// The page that is there when nobody does anything: how this box stands with central, where to send logs, what needs
// somebody, and every gateway. What is said of the box stays; the list below it scrolls.
import { advice } from '../../../agent/errors.ts'
import { bytesText, grouped } from '../../../agent/lib/table.ts'
import { systemNotice } from '../diagnostics/system-report.ts'
import { forBox } from './box-advice.ts'
import { centralSentence } from './central-sentence.ts'
import { type Facts, isEnrolled, mainAddress, refusedFaults } from './facts.ts'
import type { ListSize } from './flow.ts'
import { type Body, bodyRows, columnWidth } from './frame.ts'
import { gatewayLines, silentCount } from './gateway-lines.ts'
import { blank, type Line, type Size, span } from './screen.ts'
import { fit, harmless, wrap } from './text.ts'

const LABEL_WIDTH = 15
/** Advice takes this many lines at most: the list needs room too. */
const ADVICE_LINES = 3

export const heading = (text: string, width: number, style: 'bright' | 'warn' | 'bad' = 'bright'): Line => [
  span(`${text} `, style),
  span('─'.repeat(Math.max(0, width - text.length - 1)), 'dim'),
]

const labelled = (label: string, text: string, width: number): Line => [
  span(label.padEnd(LABEL_WIDTH), 'label'),
  span(fit(harmless(text), width - LABEL_WIDTH)),
]

/** `192.0.2.10, port 514 UDP and TCP, 6514 TLS`: what to type into the firewall. */
export function syslogTarget(facts: Facts): string {
  if (facts.agent.kind === 'silent') return '-'
  const ports = new Map<string, string[]>()
  for (const name of ['udp', 'tcp', 'tls']) {
    const source = facts.agent.status.sources.find(one => one.name === name)
    const port = source === undefined ? undefined : /:(\d{1,5})$/.exec(source.address)?.[1]
    if (port !== undefined) ports.set(port, [...(ports.get(port) ?? []), name.toUpperCase()])
  }
  if (ports.size === 0) return 'nowhere: this box listens to no syslog'
  const list = [...ports].map(([port, names]) => `${port} ${names.join('/')}`)
  return `syslog to ${mainAddress(facts) ?? 'this box'} port ${list.join(', ')}`
}

function invitation(width: number): Line[] {
  const inner = width - 4
  const row = (text: string, style: 'bright' | 'plain'): Line => [
    span('│ ', 'warn'),
    span(fit(text, inner).padEnd(inner), style),
    span(' │', 'warn'),
  ]
  return [
    [span(`┌${'─'.repeat(inner + 2)}┐`, 'warn')],
    row('Welcome. This box is ready to be enrolled: press E', 'bright'),
    ...wrap('You need the enrolment code that you were given. If this network has no DHCP, press N first.', inner).map(line =>
      row(line, 'plain'),
    ),
    [span(`└${'─'.repeat(inner + 2)}┘`, 'warn')],
    blank,
  ]
}

function central(facts: Facts, width: number): Line[] {
  const sentence = centralSentence(facts)
  const indent = width - 2
  const text = wrap(harmless(forBox(sentence.text)), indent, 3).map((line, i) => [
    span(i === 0 ? '■ ' : '  ', sentence.light),
    span(line, sentence.light === 'good' ? 'bright' : sentence.light),
  ])
  return [...text, ...wrap(harmless(forBox(sentence.advice ?? '')), indent, ADVICE_LINES).map(line => [span('  '), span(line)]), blank]
}

function waiting(facts: Facts): string {
  if (facts.agent.kind === 'silent') return '-'
  const { batches, bytes, quotaBytes } = facts.agent.status.queue
  if (batches === 0 && isEnrolled(facts) === false) return 'nothing: before the enrolment nothing is kept'
  if (batches === 0) return 'nothing: all that was found has been sent'
  return `${grouped(batches)} ${batches === 1 ? 'batch' : 'batches'}, ${bytesText(bytes)} of ${bytesText(quotaBytes)}, until central takes them`
}

/** Notices that are not said elsewhere on the page. */
function notices(facts: Facts): string[] {
  const system = systemNotice(facts.system, { slot: facts.slot, startedAt: facts.now - facts.upSeconds * 1000 })
  const ofBox = [...(facts.settings?.notices ?? []), ...(system === undefined ? [] : [system])]
  if (facts.agent.kind === 'silent') return ofBox
  const { status } = facts.agent
  const ofAgent = status.notices.filter(notice => notice !== status.central.failure?.text && !notice.includes(advice['not-enrolled']))
  return [...ofBox, ...ofAgent]
}

function bulleted(title: string, texts: readonly string[], style: 'warn' | 'bad', width: number): Line[] {
  if (texts.length === 0) return []
  const lines = texts.flatMap(text =>
    wrap(harmless(forBox(text)), width - 2, 6).map((line, i) => [span(i === 0 ? '■ ' : '  ', style), span(line)]),
  )
  return [heading(title, width, style), ...lines, blank]
}

/** The part that scrolls. */
function list(facts: Facts, width: number): Line[] {
  const silent = silentCount(facts)
  const gateways = facts.agent.kind === 'silent' ? [] : facts.agent.status.gateways
  const count = gateways.length === 0 ? '' : ` (${gateways.length}${silent === 0 ? '' : `, ${silent} silent`})`
  return [
    ...bulleted('Settings that were refused', refusedFaults(facts), 'bad', width),
    ...bulleted('Needs somebody', notices(facts), 'warn', width),
    heading(`Gateways${count}`, width),
    ...gatewayLines(facts, width),
  ]
}

const mayEnrol = (facts: Facts): boolean =>
  isEnrolled(facts) === false && facts.enrolment?.state !== 'trying' && facts.settings?.isDataLost !== true

function fixedPart(facts: Facts, width: number): Line[] {
  const addresses = facts.addresses.length === 0 ? 'none yet' : facts.addresses.join('  ')
  return [
    ...(mayEnrol(facts) ? invitation(width) : []),
    ...central(facts, width),
    labelled('This box', addresses, width),
    labelled('Send logs', syslogTarget(facts), width),
    labelled('Waiting', waiting(facts), width),
    blank,
  ]
}

const rowsFor = (facts: Facts, size: Size): number => Math.max(3, bodyRows(size) - fixedPart(facts, columnWidth(size)).length)

export function listSize(facts: Facts, size: Size): ListSize {
  const rows = rowsFor(facts, size)
  return { rows, lastTop: Math.max(0, list(facts, columnWidth(size)).length - rows) }
}

export function overviewBody(top: number, facts: Facts, size: Size): Body {
  const width = columnWidth(size)
  const rows = rowsFor(facts, size)
  const lines = list(facts, width)
  const first = Math.min(top, Math.max(0, lines.length - rows))
  const seen = lines.slice(first, first + rows)
  const isMore = lines.length > rows
  return {
    lines: [...fixedPart(facts, width), ...seen],
    keys: [
      ['N', 'Network'],
      ['E', 'Enrol'],
      ['D', 'Diagnostics to USB'],
    ],
    ...(isMore
      ? {
          note: `${first > 0 ? '↑' : ' '}${first + rows < lines.length ? '↓' : ' '} ${first + 1}-${first + seen.length} of ${lines.length}`,
        }
      : {}),
  }
}
