import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findingSchema, startingSchema } from '../../../agent/health/status-schema.ts'
import { toJson, writeState } from '../../../agent/lib/state-file.ts'
import { keepApplied, readApplied } from './state-files.ts'

t.test('a source of settings that only a newer release has is kept, and nothing is set aside', async t => {
  const path = join(t.testdir(), 'applied.json')
  const seen = { settings: 'a', code: 'b', taken: true }
  writeState(path, toJson({ applied: { config: { ...seen, weather: 1 }, carrierPigeon: { feathers: 2 } } }))
  const { applied, faults } = readApplied(path)
  t.same(faults, [])
  keepApplied(path, { ...applied, ovf: seen })
  t.match(JSON.parse(readFileSync(path, 'utf8')), {
    applied: { config: { ...seen, weather: 1 }, carrierPigeon: { feathers: 2 }, ovf: seen },
  })
})

t.test('the console reads what a newer agent says: other severities, and more before it listens', async t => {
  t.match(findingSchema.parse({ code: 'x', severity: 'catastrophe', detail: 'd', advice: 'a' }), { severity: 'warning' })
  t.ok(startingSchema.safeParse({ running: true, since: 'noon' }).success)
  t.notOk(startingSchema.safeParse({ running: true, version: '9' }).success, 'a status of another shape is none')
})
