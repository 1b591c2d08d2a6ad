import t from 'tap'
import { inYear, november, reads } from './test-headers.ts'

t.test('what a relay puts in front is passed over, and the tag of a program of the device counts before that of the relay', async test => {
  const relay = '<13>Nov 20 12:00:02 192.0.2.50 '
  const device = 'Nov 20 12:00:01 gw '
  const sshd = { priority: 38, time: november, host: 'gw', tag: 'sshd' }
  reads(test, [
    [`${relay}LOGSTASH[-]: `, 'date=2026-11-20', { priority: 13, time: '11-20T12:00:02.000', host: '192.0.2.50', tag: 'LOGSTASH' }],
    [`${relay}LOGSTASH[-]: <132>`, '%ASA-4-106023: x', { priority: 132, time: '11-20T12:00:02.000', host: '192.0.2.50', tag: 'LOGSTASH' }],
    ['UDM-SE UDM-SE[-]:  sshd[71]: ', 'Invalid user', { host: 'UDM-SE', tag: 'sshd' }],
    [`${relay}graylog: <38>${device}sshd[42]: `, 'Failed', sshd],
    [`${relay}graylog: filterlog[9]: `, '4,,,1', { priority: 13, time: '11-20T12:00:02.000', host: '192.0.2.50', tag: 'filterlog' }],
    ['<38>1 2026-10-01T00:00:00Z a relay 7 - - sshd[4]: ', 'x', { priority: 38, time: '2026-10-01T00:00:00.000Z', host: 'a', tag: 'sshd' }],
    ['<38>1 2026-10-01T00:00:00Z a app 7 - - ', 'sshd[4]: x', { priority: 38, time: '2026-10-01T00:00:00.000Z', host: 'a', tag: 'app' }],
    ['<38>app: ', 'sshd[42]: x', { priority: 38, tag: 'app' }],
    ['<38>app[7]: ', 'sshd[42]: x', { priority: 38, tag: 'app' }],
    ['<38>Nov 20 12:00:02 gw webapp[-]: ', 'sshd[42]: x', { priority: 38, time: '11-20T12:00:02.000', host: 'gw', tag: 'webapp' }],
    ['<38>graylog: kernel: ', '[7.1] DROP IN=', { priority: 38, tag: 'kernel' }],
    [`<38>Original Address=192.0.2.7 ${device}sshd[42]: `, 'Failed', sshd],
    [`<13>Nov 20 12:00:02 Original Address=192.0.2.7 <38>${device}sshd[42]: `, 'Failed', sshd],
    ['<166>Original Address=192.0.2.7 Nov 20 2026 12:00:01: ', '%ASA-4-106023: x', { priority: 166, time: inYear, host: '192.0.2.7' }],
    [`<38>Nov 20 12:00:01 Message forwarded from gw: sshd[42]: `, 'Failed', sshd],
    [`<38>Nov 20 12:00:01 relay Message forwarded from gw: sshd[42]: `, 'Failed', sshd],
    ['LOCAL4.WARNING: ', 'fw-1 %ASA-4-106023: x', {}],
    ['<38>', 'Original Address= x', { priority: 38 }],
  ])
})
