import t, { type Test } from 'tap'
import { fault } from '../errors.ts'
import { finding } from '../health/findings.ts'
import { serveStatus } from '../health/status-socket.ts'
import { pathsBelow } from '../paths.ts'
import { parseSettings } from '../settings/table.ts'
import { temporaryFolder } from '../testing/harness.ts'
import { readStatus, statusText } from './status.ts'

const settings = parseSettings('')

async function answers(t: Test, answer: object) {
  const paths = pathsBelow(temporaryFolder(t))
  const server = await serveStatus(paths.statusSocket, () => answer)
  t.teardown(() => server.close())
  return readStatus(paths, settings, '1.2.3')
}

t.test('an agent that does not listen yet, and one of another version, are told apart', async t => {
  await t.rejects(answers(t, { running: true }), { code: 'agent-starting' })
  await t.rejects(answers(t, { running: true, version: '1.2.2', accounting: [], notices: [] }), { code: 'agent-differs' })
})

t.test('what needs attention is marked, with its code, since when, and what to do', async t => {
  const status = await readStatus(pathsBelow(temporaryFolder(t)), settings, '1.2.3')
  const now = Date.parse('2026-11-20T12:00:00Z')
  const findings = [
    finding('problem', fault('central-unreachable', 'no route'), now - 420_000),
    finding('warning', fault('clock-jumped', 'by 7 s')),
    finding('information', fault('ledger-torn', '17 bytes')),
  ]
  const lines = statusText({ ...status, findings }, now).split('\n')
  t.match(lines, [
    /^cyberalarm 1\.2\.3 {2}not running/,
    '  ! no route [central-unreachable] for 7 min',
    /^ {4}Allow this box to reach central/,
    '  ! by 7 s [clock-jumped]',
    /^ {4}Check the time synchronisation/,
    '  - 17 bytes [ledger-torn]',
    /^ {4}Nothing to do/,
    '',
  ])
})
