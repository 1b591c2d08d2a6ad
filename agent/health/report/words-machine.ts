// Words of the checks of queue, machine, release and files. Numbers are never given again.
import { grouped } from '../../lib/table.ts'
import { always, days, row, span, times } from './check-words.ts'

export const machineWords = {
  'spool-age': row(
    20,
    'queue-old',
    'seconds',
    ['how long the oldest batch has waited', '> 1 h', '> 24 h'],
    value => `The oldest batch in the queue has waited for ${span(value)}`,
  ),
  'spool-full': row(
    21,
    'queue-filling',
    'percent',
    ['used of what the queue may take', '> 50 %', '> 80 %'],
    value => `The queue is ${value ?? 0} % full; when it is full, the oldest events of least value are discarded`,
  ),
  shed: row(
    22,
    'queue-shed',
    'count',
    ['events discarded in 24 hours', '> 0', '> 1,000'],
    value => `Events discarded in the last 24 hours: ${grouped(value ?? 0)}`,
  ),
  disk: row(
    23,
    'disk-low',
    'percent',
    ['free space, or free inodes, of the disk with the data', '< 15 %', '< 5 %'],
    value => `Of the disk with the data only ${value ?? 0} % is free`,
  ),
  memory: row(
    24,
    'memory-low',
    'percent',
    ['memory that is available', '< 10 %', '< 4 %'],
    value => `Only ${value ?? 0} % of the memory is available`,
  ),
  'memory-pressure': row(
    25,
    'memory-pressure',
    'percent',
    ['of the last minute: time spent waiting for memory', '> 10 %', '> 40 %'],
    value => `Programs waited for memory during ${value ?? 0} % of the last minute`,
  ),
  'memory-exhausted': row(
    26,
    'memory-exhausted',
    'count',
    ['kills of the agent for want of memory in 24 hours', '-', '> 0'],
    value => `For want of memory the kernel killed the agent ${times(value)} within 24 hours`,
  ),
  temperature: row(
    27,
    'temperature-high',
    'degrees',
    ['hottest sensor', '> 85 °C', '> 95 °C'],
    value => `The hardware is at ${value ?? 0} °C`,
  ),
  clock: row(
    28,
    'clock-off',
    'seconds',
    ['how far the clock of the box is off that of central, at least', '> 1 s', '> 60 s'],
    value => `The clock of this box is off by ${span(value)}`,
  ),
  'clock-jumped': row(
    29,
    'clock-jumped',
    'count',
    ['jumps of the clock since the agent started', '> 0', '-'],
    value => `The clock of this box jumped ${times(value)} since the agent started`,
  ),
  'tls-certificate': row(
    30,
    'tls-certificate-ends',
    'days',
    ['days until the certificate for syslog over TLS ends', '< 14', '< 3'],
    value =>
      value === 0
        ? 'The certificate for syslog over TLS has ended, or ends today'
        : `The certificate for syslog over TLS ends in ${days(value)}`,
  ),
  'update-metadata': row(
    31,
    'update-check-old',
    'hours',
    ['age of the last look for updates', '> 3 days', '> 10 days, or expired'],
    value => `The box has not been able to look for updates for ${span((value ?? 0) * 3600)}`,
  ),
  update: row(
    32,
    'update-taken-back',
    'days',
    ['days since an update waits or was taken back', 'refused, or waits > 14 days', 'taken back'],
    (_value, level) =>
      level === 'bad' ? 'The last update did not work and was taken back' : 'There is an update that this box has not taken',
  ),
  slots: row(
    33,
    'release-factory-only',
    'count',
    ['releases that the box could go back to', '1: the built-in one', '-'],
    always('This box has gone back to the release it came with'),
  ),
  release: row(
    34,
    'release-old',
    'days',
    ['age of the release', '> 60', '> 120'],
    value => `The release of this box is ${days(value)} old`,
  ),
  restarts: row(
    35,
    'stopped-uncleanly',
    'count',
    ['starts after a kill or a crash in 24 hours', '> 0', '> 3'],
    value => `The agent was killed or crashed ${times(value)} within 24 hours`,
  ),
  ledger: row(36, 'ledger-set-aside', 'none', ['whether the ledger was whole', 'damaged', '-'], always('The ledger was damaged')),
  files: row(
    37,
    'file-restored',
    'count',
    ['files of the agent that were damaged', 'restored', 'lost'],
    always('Files of the agent were damaged'),
  ),
  'spool-files': row(38, 'spool-damaged', 'count', ['damage found in the queue', '> 0', '-'], always('The queue was damaged')),
  'sources-forgotten': row(
    39,
    'sources-forgotten',
    'count',
    ['blocked sources forgotten early', '> 0', '-'],
    value => `Blocked sources forgotten early, because the table of recent sources is full: ${grouped(value ?? 0)}`,
  ),
} as const
