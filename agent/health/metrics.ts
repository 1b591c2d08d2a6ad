// The status in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4). The names of
// checks, inputs and rules are the program's own; addresses of gateways do not leave their box by this way: a number stands for each.
import { levels } from './report/level.ts'
import type { Status } from './status-schema.ts'

type Labels = Readonly<Record<string, string | number>>
type Sample = readonly [Labels, number]

const seconds = (iso: string | null): number => (iso === null ? 0 : Date.parse(iso) / 1000)
const escaped = (value: string | number): string => String(value).replace(/[\\"\n]/g, one => (one === '\n' ? '\\n' : `\\${one}`))

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const text = Object.entries(labels).map(([label, one]) => `${label}="${escaped(one)}"`)
    return `cyberalarm_${name}${text.length === 0 ? '' : `{${text.join(',')}}`} ${value}\n`
  })
  return `# HELP cyberalarm_${name} ${help}\n# TYPE cyberalarm_${name} ${type}\n${lines.join('')}`
}

const places = ['sent', 'merged', 'droppedTotal', 'ignored', 'unreadable', 'waiting', 'spooled', 'shed', 'unaccounted'] as const

export function metricsText(status: Status): string {
  const { health, accounting, gateways, queue, central } = status
  const known = health.filter(({ value }) => value !== null)
  return [
    metric('info', 'gauge', 'Version of the agent.', [[{ version: status.version }, 1]]),
    metric(
      'health_level',
      'gauge',
      'How a check stands: 0 not known, 1 well, 2 warning, 3 bad.',
      health.map(one => [{ check: one.check }, levels.indexOf(one.level)]),
    ),
    metric(
      'health_value',
      'gauge',
      'The number of a check, in its unit (docs/health.md).',
      known.map(one => [{ check: one.check }, one.value ?? 0]),
    ),
    metric(
      'messages_received_total',
      'counter',
      'Messages received.',
      accounting.map(one => [{ input: one.input }, one.received]),
    ),
    metric(
      'messages',
      'gauge',
      'Where every message went.',
      accounting.flatMap(one =>
        places.map((place): Sample => [{ input: one.input, place: place === 'droppedTotal' ? 'dropped' : place }, one[place]]),
      ),
    ),
    metric(
      'messages_lost_by_kernel_total',
      'counter',
      'Messages that the kernel dropped before the agent.',
      accounting.flatMap(one => (one.kernelLost === null ? [] : [[{ input: one.input }, one.kernelLost] as const])),
    ),
    metric(
      'deaf_seconds_total',
      'counter',
      'How long nobody listened.',
      accounting.map(one => [{ input: one.input }, one.deafSeconds]),
    ),
    metric('queue_batches', 'gauge', 'Batches that wait for central.', [[{}, queue.batches]]),
    metric('queue_bytes', 'gauge', 'Bytes of the queue.', [[{}, queue.bytes]]),
    metric('last_receipt_timestamp_seconds', 'gauge', 'When central last confirmed a batch; 0 for never.', [
      [{}, seconds(central.lastReceiptAt)],
    ]),
    metric(
      'gateway_messages_total',
      'counter',
      'Messages of a gateway since the agent started.',
      gateways.map(one => [{ gateway: one.number }, one.messages]),
    ),
    metric(
      'gateway_last_message_timestamp_seconds',
      'gauge',
      'When the last message of a gateway came.',
      gateways.map(one => [{ gateway: one.number }, seconds(one.lastMessageAt)]),
    ),
    metric(
      'gateway_level',
      'gauge',
      'How a gateway stands, as health_level.',
      gateways.map(one => [{ gateway: one.number }, levels.indexOf(one.level)]),
    ),
  ].join('')
}
