import { DuckDBInstance } from '@duckdb/node-api'
import t from 'tap'
import { bankHolidays, jurisdictions } from './bank-holidays.ts'
import { addMonths, addWorkingDays, DAY_MS, dayName, earliestWorkingDays, HOUR_MS, hourName, hourStart, isExpired } from './calendar.ts'

const at = (text: string): number => Date.parse(`${text}Z`)
const text = (ms: number): string => new Date(ms).toISOString().slice(0, 16)

t.test('a month that is too short ends on its last day', async t => {
  t.equal(text(addMonths(at('2026-05-31T10:30'), 9)), '2027-02-28T10:30')
  t.equal(text(addMonths(at('2027-05-31T10:30'), 9)), '2028-02-29T10:30', 'a leap year')
  t.equal(text(addMonths(at('2026-01-31T23:59'), 9)), '2026-10-31T23:59')
  t.equal(text(addMonths(at('2026-12-01T00:00'), 9)), '2027-09-01T00:00')
})

t.test('DuckDB counts months as this calendar does', async t => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const sql = `SELECT hour, epoch_ms(make_timestamp_ms(hour) + INTERVAL 9 MONTH)::BIGINT AS later
    FROM (SELECT unnest(range(${at('2026-01-01T00:00')}, ${at('2030-03-02T00:00')}, ${HOUR_MS})) AS hour)`
  const rows = (await connection.runAndReadAll(sql)).getRowsJS()
  t.ok(rows.length > 36_000)
  t.same(
    rows.filter(([hour, later]) => addMonths(Number(hour), 9) !== Number(later)),
    [],
  )
  connection.closeSync()
  instance.closeSync()
})

t.test('an hour is over when its end is nine months ago', async t => {
  const hour = at('2026-12-01T03:00')
  t.notOk(isExpired(hour, 9, at('2027-09-01T03:59')))
  t.ok(isExpired(hour, 9, at('2027-09-01T04:00')))
})

t.test('working days leave out weekends and the bank holidays of each jurisdiction', async t => {
  const christmas = at('2026-12-23T09:00')
  for (const jurisdiction of jurisdictions)
    t.equal(text(addWorkingDays(christmas, 5, jurisdiction)), jurisdiction === 'scotland' ? '2027-01-05T09:00' : '2027-01-04T09:00')
  t.equal(text(addWorkingDays(at('2026-12-29T09:00'), 5, 'england-and-wales')), '2027-01-06T09:00')
  t.equal(text(addWorkingDays(at('2026-12-29T09:00'), 5, 'scotland')), '2027-01-07T09:00', '4 January stands for the 2nd')
  t.equal(text(addWorkingDays(at('2027-07-09T09:00'), 1, 'northern-ireland')), '2027-07-13T09:00', 'the Twelfth')
  t.equal(text(addWorkingDays(at('2027-07-09T09:00'), 1, 'scotland')), '2027-07-12T09:00')
  t.equal(text(addWorkingDays(at('2026-04-03T09:00'), 1, 'scotland')), '2026-04-06T09:00', 'no Easter Monday there')
  t.equal(text(addWorkingDays(at('2026-12-05T09:00'), 5, 'scotland')), '2026-12-11T09:00', 'from a Saturday')
})

t.test('the earliest of the three jurisdictions counts, and a year that is not listed makes nothing later', async t => {
  t.equal(text(earliestWorkingDays(at('2026-11-27T09:00'), 5)), '2026-12-04T09:00', "St Andrew's Day is one in Scotland only")
  t.equal(text(earliestWorkingDays(at('2034-12-22T09:00'), 5)), '2034-12-29T09:00')
})

t.test('no bank holiday is listed for a weekend or twice, and each jurisdiction has eight a year or more', async t => {
  for (const jurisdiction of jurisdictions) {
    const days = [...bankHolidays[jurisdiction]]
    t.ok(
      days.every(day => ![0, 6].includes(new Date(day).getUTCDay())),
      jurisdiction,
    )
    t.ok(
      days.every(day => dayName(Date.parse(day)) === day),
      'each is a date',
    )
    for (const year of [2026, 2027, 2028]) t.ok(days.filter(day => day.startsWith(String(year))).length >= 8)
  }
})

t.test('an hour has one name', async t => {
  const hour = Math.floor(at('2026-12-01T03:59') / HOUR_MS) * HOUR_MS
  t.equal(hourName(hour), '2026-12-01T03')
  t.equal(hourStart('2026-12-01T03'), hour)
  t.equal(dayName(hour + DAY_MS), '2026-12-02')
})
