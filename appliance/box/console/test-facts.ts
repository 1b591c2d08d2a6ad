// Facts of an invented box, for tests of pages.
import { fault } from '../../../agent/errors.ts'
import { finding } from '../../../agent/health/findings.ts'
import { readMember } from '../settings/box-settings.ts'
import type { AgentStatus, Facts } from './facts.ts'
import { type ListSize, overview, type Page, press } from './flow.ts'
import { type Key, KeyReader } from './keys.ts'
import type { Screen } from './screen.ts'

export const now = Date.parse('2026-11-21T08:00:00Z')
export const secondsAgo = (seconds: number): string => new Date(now - seconds * 1000).toISOString()

export const status: AgentStatus = {
  device: '00000000-0000-4000-8000-000000000001',
  central: {
    url: 'https://central.example',
    lastReceiptAt: secondsAgo(4),
    lastReceipt: null,
    lastAnswerAt: secondsAgo(4),
    bytesSent: 700,
    failure: null,
    retryAt: null,
  },
  update: null,
  queue: { batches: 0, bytes: 0, quotaBytes: 2 ** 31 },
  gateways: [
    {
      number: 1,
      address: '192.0.2.1',
      product: 'Fortinet FortiGate',
      messages: 1_204_331,
      messagesPerSecond: 812.4,
      parsed: 1,
      lastMessageAt: secondsAgo(1),
      clockOffsetSeconds: 0,
      level: 'ok',
    },
    {
      number: 2,
      address: '192.0.2.2',
      product: null,
      messages: 7,
      messagesPerSecond: 0,
      parsed: 0,
      lastMessageAt: secondsAgo(7300),
      clockOffsetSeconds: null,
      level: 'unknown',
    },
  ],
  sources: [
    { name: 'udp', address: '[::]:514', counters: {} },
    { name: 'tcp', address: '[::]:514', counters: {} },
    { name: 'tls', address: '[::]:6514', counters: {} },
    { name: 'nflog', address: 'group 514', counters: {} },
  ],
  findings: [],
  health: [
    { check: 'enrolment', level: 'ok', value: 0 },
    { check: 'temperature', level: 'unknown', value: null },
  ],
}

export const withoutCentral = finding('problem', fault('central-not-set', 'central.url and central.pins are not set'))
export const notEnrolled = finding('problem', fault('not-enrolled', 'This box is not enrolled'))

export const facts = (over: Partial<Facts> = {}, statusOver: Partial<AgentStatus> = {}): Facts => ({
  now,
  version: '1.2.3',
  upSeconds: 86_400,
  hostName: 'fw-logs',
  addresses: ['192.0.2.10', '2001:db8::10'],
  agent: { kind: 'running', status: { ...status, ...statusOver } },
  settings: { at: 'before', sources: [], notices: [] },
  enrolment: undefined,
  diagnostics: undefined,
  updateUsb: undefined,
  system: undefined,
  slot: 'a',
  member: '',
  isRequested: false,
  ...over,
})

export const textOf = (screen: Pick<Screen, 'lines'>): string => screen.lines.map(line => line.map(({ text }) => text).join('')).join('\n')

export const list: ListSize = { rows: 10, lastTop: 20 }

/** Keys as a terminal sends them, a second after each other; gives the last page and all that was asked for. */
export function typeKeys(keys: readonly (string | Key)[], from: Page = overview, start: Facts = facts()) {
  let page = from
  let at = start
  const effects = []
  const reader = new KeyReader()
  for (const part of keys) {
    for (const key of typeof part === 'string' ? [...reader.feed(Buffer.from(part)), ...reader.flush()] : [part]) {
      const step = press(page, key, at, text => readMember(text, 'console').faults, list)
      page = step.page
      if (step.effect !== undefined) effects.push(step.effect)
    }
    at = { ...at, now: at.now + 1000 }
  }
  return { page, effects }
}
