// Bank holidays of the United Kingdom that fall on a weekday, as https://www.gov.uk/bank-holidays lists them, substitute days
// included; for years that it does not list yet, by the Banking and Financial Dealings Act 1971. Add a year before it begins: days of
// a year that is not here count as working days unless they are Saturdays or Sundays, so data goes earlier, never later.

/** When the table was last compared with its source. */
export const CHECKED_ON = '2026-12-01'

export const jurisdictions = ['england-and-wales', 'scotland', 'northern-ireland'] as const
export type Jurisdiction = (typeof jurisdictions)[number]

/** Days as MM-DD by year. Of 2026, Scotland's 15 June is by royal proclamation of February 2026 (World Cup). */
const listed: Readonly<Record<Jurisdiction, Readonly<Record<number, string>>>> = {
  'england-and-wales': {
    2026: '01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28',
    2027: '01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28',
    2028: '01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26',
  },
  scotland: {
    2026: '01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28',
    2027: '01-01 01-04 03-26 05-03 05-31 08-02 11-30 12-27 12-28',
    2028: '01-03 01-04 04-14 05-01 05-29 08-07 11-30 12-25 12-26',
  },
  'northern-ireland': {
    2026: '01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28',
    2027: '01-01 03-17 03-26 03-29 05-03 05-31 07-12 08-30 12-27 12-28',
    2028: '01-03 03-17 04-14 04-17 05-01 05-29 07-12 08-28 12-25 12-26',
  },
}

/** Days as YYYY-MM-DD. */
export const bankHolidays: Readonly<Record<Jurisdiction, ReadonlySet<string>>> = {
  'england-and-wales': daysOf('england-and-wales'),
  scotland: daysOf('scotland'),
  'northern-ireland': daysOf('northern-ireland'),
}

function daysOf(jurisdiction: Jurisdiction): ReadonlySet<string> {
  return new Set(Object.entries(listed[jurisdiction]).flatMap(([year, days]) => days.split(' ').map(day => `${year}-${day}`)))
}
