import t from 'tap'
import { type SystemReport, systemNotice, systemShape } from './system-report.ts'

const report: SystemReport = { at: '2026-11-21T03:00:00Z', state: 'installed', slot: 'b', packages: 3, text: 'tried now' }
const before = Date.parse('2026-11-20T03:00:00Z')
const after = Date.parse('2026-11-21T03:01:00Z')

t.test('what base/refresh writes has the shape', async t => {
  const written = '{"at":"2026-11-21T03:00:00Z","state":"current","slot":"b","packages":0,"text":"no newer packages"}'
  t.match(systemShape.parse(JSON.parse(written)), { state: 'current', packages: 0 })
})

t.test('updates that run need nobody', async t => {
  t.equal(systemNotice(undefined, { slot: 'a', startedAt: after }), undefined)
  t.equal(systemNotice({ ...report, state: 'current' }, { slot: 'a', startedAt: after }), undefined)
  t.equal(systemNotice(report, { slot: 'b', startedAt: after }), undefined)
  t.equal(systemNotice(report, { slot: 'a', startedAt: before }), undefined, 'the restart is yet to come')
  t.equal(systemNotice(report, { slot: '', startedAt: after }), undefined, 'the guard has not said yet which slot this is')
})

t.test('updates that were taken back are said, also before the next look', async t => {
  t.match(systemNotice(report, { slot: 'a', startedAt: after }), /taken back/)
  t.match(systemNotice({ ...report, state: 'taken-back' }, { slot: 'a', startedAt: before }), /taken back/)
})

t.test('updates that cannot be had name the servers', async t => {
  const notice = systemNotice({ ...report, state: 'failed', text: 'while asking' }, { slot: 'a', startedAt: after })
  t.match(notice, /2026-11-21: while asking\. .*security\.debian\.org/)
})
