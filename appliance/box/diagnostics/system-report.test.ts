import t from 'tap'
import { type SystemReport, systemFinding, systemReportSchema } from './system-report.ts'

const report: SystemReport = { at: '2026-11-21T03:00:00Z', state: 'installed', slot: 'b', packages: 3, text: 'tried now' }
const before = Date.parse('2026-11-20T03:00:00Z')
const after = Date.parse('2026-11-21T03:01:00Z')

t.test('what base/refresh writes fits the schema', async t => {
  const written = '{"at":"2026-11-21T03:00:00Z","state":"current","slot":"b","packages":0,"text":"no newer packages"}'
  t.match(systemReportSchema.parse(JSON.parse(written)), { state: 'current', packages: 0 })
})

t.test('updates that run need nobody', async t => {
  t.equal(systemFinding(undefined, { slot: 'a', startedAt: after }), undefined)
  t.equal(systemFinding({ ...report, state: 'current' }, { slot: 'a', startedAt: after }), undefined)
  t.equal(systemFinding(report, { slot: 'b', startedAt: after }), undefined)
  t.equal(systemFinding(report, { slot: 'a', startedAt: before }), undefined, 'the restart is yet to come')
  t.equal(systemFinding(report, { slot: '', startedAt: after }), undefined, 'the guard has not said yet which slot this is')
})

t.test('updates that were reverted are said, also before the next look', async t => {
  t.match(systemFinding(report, { slot: 'a', startedAt: after }), { code: 'os-update-reverted', detail: /reverted/ })
  const why = 'slot b came up without card 1, route 4'
  t.match(systemFinding({ ...report, state: 'taken-back', text: why }, { slot: 'a', startedAt: before }), {
    code: 'os-update-reverted',
    detail: /reverted \(slot b came up without card 1, route 4\)/,
  })
})

t.test('updates that cannot be had name the servers', async t => {
  const text = 'while asking deb.debian.org:80 for newer packages: Temporary failure resolving deb.debian.org; tried again tomorrow'
  const finding = systemFinding({ ...report, state: 'failed', text }, { slot: 'a', startedAt: after })
  t.match(finding, {
    code: 'os-update-failed',
    detail: /2026-11-21: while asking deb\.debian\.org:80/,
    advice: /security\.debian\.org, TCP port 80/,
  })
})
