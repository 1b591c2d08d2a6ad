// The page that is there when nobody does anything: how this box stands with central, where to send logs, what needs
// attention, and every gateway. What is said of the box stays; the list below it scrolls.
import { bytesText, grouped } from '../../../agent/lib/table.ts'
import { systemFinding } from '../diagnostics/system-report.ts'
import { boxAdvice } from './box-advice.ts'
import { centralSentence } from './central-sentence.ts'
import { agentFindings, type Facts, isEnrolled, isWithoutCentral, mainAddress, refusedFaults } from './facts.ts'
import type { ListSize } from './flow.ts'
import { type Body, bodyRows, columnWidth } from './frame.ts'
import { gatewayLines, silentCount } from './gateway-lines.ts'
import { blank, type Line, type Size, span } from './screen.ts'
import { fit, harmless, wrap } from './text.ts'

const LABEL_WIDTH = 16
/** Advice takes this many lines at most: the list needs room too. */
const ADVICE_LINES = 3
const ITEM_LINES = 6

export const heading = (text: string, width: number, style: 'bright' | 'warn' | 'bad' = 'bright'): Line => [
  span(`${text} `, style),
  span('─'.repeat(Math.max(0, width - text.length - 1)), 'dim'),
]

const labelled = (label: string, text: string, width: number): Line => [
  span(label.padEnd(LABEL_WIDTH), 'label'),
  span(fit(harmless(text), width - LABEL_WIDTH)),
]

/** `192.0.2.10 port 514 UDP/TCP, 6514 TLS`: what to enter in the firewall. */
function syslogTarget(facts: Facts): string {
  if (facts.agent.kind === 'silent') return '-'
  const ports = new Map<string, string[]>()
  for (const name of ['udp', 'tcp', 'tls']) {
    const source = facts.agent.status.sources.find(one => one.name === name)
    const port = source === undefined ? undefined : /:(\d{1,5})$/.exec(source.address)?.[1]
    if (port !== undefined) ports.set(port, [...(ports.get(port) ?? []), name.toUpperCase()])
  }
  if (ports.size === 0) return 'none: syslog is switched off in the settings'
  const list = [...ports].map(([port, names]) => `${port} ${names.join('/')}`)
  return `${mainAddress(facts) ?? 'this box'} port ${list.join(', ')}`
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
    ...wrap('You need the enrolment code for this box. If this network has no DHCP, press N first.', inner).map(line => row(line, 'plain')),
    [span(`└${'─'.repeat(inner + 2)}┘`, 'warn')],
    blank,
  ]
}

function central(facts: Facts, width: number): Line[] {
  const sentence = centralSentence(facts)
  const indent = width - 2
  const text = wrap(harmless(sentence.text), indent, 3).map((line, i) => [
    span(i === 0 ? '■ ' : '  ', sentence.light),
    span(line, sentence.light === 'good' ? 'bright' : sentence.light),
  ])
  return [...text, ...wrap(harmless(sentence.advice ?? ''), indent, ADVICE_LINES).map(line => [span('  '), span(line)]), blank]
}

function queue(facts: Facts): string {
  if (facts.agent.kind === 'silent') return '-'
  const { batches, bytes, quotaBytes } = facts.agent.status.queue
  if (batches === 0 && isEnrolled(facts) === false) return 'empty: nothing is kept before the box is enrolled'
  if (batches === 0) return 'empty: everything has been sent'
  return `${grouped(batches)} ${batches === 1 ? 'batch' : 'batches'}, ${bytesText(bytes)} of ${bytesText(quotaBytes)} used, waiting to be sent`
}

/** All checks in one line; those that are not well stand below. */
function health(facts: Facts): string {
  if (facts.agent.kind === 'silent') return '-'
  const of = (...levels: string[]) =>
    facts.agent.kind === 'running' && facts.agent.status.health.filter(({ level }) => levels.includes(level)).length
  const wrong = of('warn', 'bad')
  const well = `${of('ok')} ${of('ok') === 1 ? 'check' : 'checks'} well, ${of('unknown')} not known`
  return wrong === 0 ? well : `${wrong} ${wrong === 1 ? 'needs' : 'need'} attention, ${well}`
}

/** What is not said elsewhere on the page, each with what to do. */
function attention(facts: Facts): string[][] {
  const system = systemFinding(facts.system, { slot: facts.slot, startedAt: facts.now - facts.upSeconds * 1000 })
  const shownCode = centralSentence(facts).code
  // without a central there is nothing to enrol with, and where there is one the sentence above is about it
  const ofAgent = agentFindings(facts).filter(
    ({ code, severity }) => code !== shownCode && code !== 'not-enrolled' && severity !== 'information',
  )
  return [
    ...[...(facts.settings?.notices ?? []), ...(system === undefined ? [] : [system]), ...ofAgent].map(({ code, detail, advice }) => [
      `${detail} [${code}]`,
      boxAdvice(code, advice),
    ]),
  ]
}

/** Each item is a list of sentences that begin on lines of their own. */
function bulleted(title: string, items: readonly (readonly string[])[], style: 'warn' | 'bad', width: number): Line[] {
  if (items.length === 0) return []
  const lines = items.flatMap(sentences =>
    sentences
      .flatMap(text => wrap(harmless(text), width - 2, ITEM_LINES))
      .map((line, i) => [span(i === 0 ? '■ ' : '  ', style), span(line)]),
  )
  return [heading(title, width, style), ...lines, blank]
}

/** The part that scrolls. */
function list(facts: Facts, width: number): Line[] {
  const silent = silentCount(facts)
  const refused = refusedFaults(facts)
  const gateways = facts.agent.kind === 'silent' ? [] : facts.agent.status.gateways
  const count = gateways.length === 0 ? '' : ` (${gateways.length}${silent === 0 ? '' : `, ${silent} silent`})`
  return [
    ...bulleted(
      'Settings that were refused',
      refused.map((text, i) => (i < refused.length - 1 ? [text] : [`${text} [settings-wrong]`, boxAdvice('settings-wrong')])),
      'bad',
      width,
    ),
    ...bulleted('Needs attention', attention(facts), 'warn', width),
    heading(`Gateways${count}`, width),
    ...gatewayLines(facts, width),
  ]
}

const mayEnrol = (facts: Facts): boolean =>
  isEnrolled(facts) === false && !isWithoutCentral(facts) && facts.enrolment?.state !== 'trying' && facts.settings?.isDataLost !== true

function fixedPart(facts: Facts, width: number): Line[] {
  const addresses = facts.addresses.length === 0 ? 'none yet' : facts.addresses.join('  ')
  return [
    ...(mayEnrol(facts) ? invitation(width) : []),
    ...central(facts, width),
    labelled('IP address', addresses, width),
    labelled('Send syslog to', syslogTarget(facts), width),
    labelled('Queue', queue(facts), width),
    labelled('Health', health(facts), width),
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
      ['U', 'Update'],
    ],
    ...(isMore
      ? {
          note: `${first > 0 ? '↑' : ' '}${first + rows < lines.length ? '↓' : ' '} ${first + 1}-${first + seen.length} of ${lines.length}`,
        }
      : {}),
  }
}
