// The table of docs/health.md, from the one table of checks. Pure.
import { advice } from '../errors.ts'
import { type CheckWords, checkNames, checkWords } from './report/words.ts'

const begin = '<!-- checks: made by scripts/render-health.ts -->'
const end = '<!-- end of checks -->'

const cell = (text: string): string => text.replaceAll('|', '\\|')

function tableText(): string {
  const rows = checkNames.map(name => {
    const { number, code, unit, measures, warn, bad }: CheckWords = checkWords[name]
    return `| ${number} | \`${name}\` | ${cell(measures)} | ${cell(warn)} | ${cell(bad)} | ${unit === 'none' ? '-' : unit} | \`${code}\`: ${cell(advice[code])} |`
  })
  return [
    '| number | check | what is measured | warning | bad | value | code, and what to do |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** The page with its table made anew. Throws if the page has no place for it. */
export function withTable(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new RangeError('docs/health.md has no place for the table of checks')
  return `${page.slice(0, from)}${begin}\n${tableText()}\n${page.slice(to)}`
}
