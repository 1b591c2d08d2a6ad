// What the documentation points at exists: every relative link and anchor, every file, every make target and every command
// that a page names. Which pages: all .md files of this repository.
import { existsSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { productNames } from '../agent/event.ts'
import { recognisers } from '../agent/recognisers/index.ts'
import { verbs } from '../agent/verbs/index.ts'
import { programs } from '../appliance/box/programs.ts'
import { commands } from '../central-stub/commands.ts'
import { commands as updateCommands } from './updates/commands.ts'

const top = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(top, path), 'utf8')
const isOurs = (name: string) => !/(^|\/)(node_modules|build|\.[a-z]+)$/.test(name)
const pages: string[] = []
for await (const page of glob('**/*.md', { cwd: top, exclude: name => !isOurs(name) })) pages.push(page)
pages.sort()

const withoutFences = (text: string): string => text.replace(/^```.*?^```/gms, '')
/** Everything a page shows as code: fenced blocks, indented blocks and spans. */
const codeOf = (text: string): string => [...text.matchAll(/^```.*?^```|^ {4}.+$|`[^`\n]+`/gms)].map(([code]) => code).join('\n')

/** As GitHub makes them: lower case, no punctuation, hyphens for blanks, a number behind a heading that comes again. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of withoutFences(text).matchAll(/^#+ +(.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    let number = 0
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number++
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`)
  }
  return anchors
}

function brokenLinks(page: string): string[] {
  const broken: string[] = []
  for (const [, target] of withoutFences(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path, anchor] = target.split('#')
    const file = path === '' ? page : normalize(join(dirname(page), path))
    if (!existsSync(join(top, file))) broken.push(target)
    else if (anchor !== undefined && !anchorsOf(read(file)).has(anchor)) broken.push(target)
  }
  return broken
}

/** Words that follow `pattern` in the code of all pages, and are not in `known`. */
function unknownWords(pattern: RegExp, known: readonly string[]): string[] {
  return pages.flatMap(page =>
    [...codeOf(read(page)).matchAll(pattern)].filter(([, word]) => !known.includes(word)).map(([, word]) => `${page}: ${word}`),
  )
}

t.test('every link and anchor of every page resolves', async t => {
  t.ok(pages.includes('README.md') && pages.includes('docs/README.md'))
  for (const page of pages) t.strictSame(brokenLinks(page), [], page)
})

t.test('every make target that a page names is in the Makefile', async t => {
  const targets = [...read('Makefile').matchAll(/^([a-z-]+):.*## /gm)].map(([, name]) => name)
  t.strictSame(unknownWords(/(?<=^ *|`|sudo |&& |[A-Z]=\S* )make ([a-z][a-z-]*)/gm, targets), [])
})

t.test('every command that a page names exists', async t => {
  const names = verbs.map(verb => verb.name)
  // 'cyberalarm batch v1' and 'cyberalarm release 1' are labels of formats
  t.strictSame(unknownWords(/(?<=^|[\s`(])cyberalarm ([a-z]+)\b(?! v?1$| v1)/gm, names), [])
  t.strictSame(unknownWords(/agent\/main\.ts ([a-z]+)/g, names), [])
  t.strictSame(
    unknownWords(
      /cyberalarm-box ([a-z]+)/g,
      programs.map(program => program.name),
    ),
    [],
  )
  t.strictSame(
    unknownWords(
      /central-stub\/main\.ts ([a-z]+)/g,
      commands.map(command => command.name),
    ),
    [],
  )
  t.strictSame(
    unknownWords(
      /scripts\/updates\.ts ([a-z-]+)/g,
      updateCommands.map(command => command.name),
    ),
    [],
  )
})

t.test('every file and folder of ours that a page names exists', async t => {
  const folders = /(?<=^|[\s`(=])((?:agent|appliance|central-stub|docs|ova|packer|scripts)\/[\w./-]*\w\/?)(?![\w*<{/-])/gm
  for (const page of pages) {
    const named = [...codeOf(read(page)).matchAll(folders)].map(([, path]) => path)
    const missing = named.filter(
      path => !/examplewall/.test(path) && !existsSync(join(top, path)) && !existsSync(join(top, dirname(page), path)),
    )
    t.strictSame(missing, [], page)
  }
})

t.test('each promise of README names its test, and each product is in README', async t => {
  const promises = read('README.md')
    .split(/^## What it promises.*$/m)[1]
    .split(/^## /m)[0]
  const rows = promises.split('\n').filter(line => /^\| (?!promise|---)/.test(line))
  t.ok(rows.length > 20)
  for (const row of rows) t.match(row, /\]\([\w./-]+\.test\.ts\)/)
  for (const { title } of recognisers) t.ok(read('README.md').includes(title), title)
})

t.test('the wire format lists every product with its number', async t => {
  const list = productNames.map((name, number) => `${number} ${name}`).join(', ')
  t.ok(read('agent/batch/packed-batch.md').includes(list), list)
})

t.test('every decision is in the index, and short', async t => {
  const index = read('docs/decisions/README.md')
  const records = pages.filter(page => /^docs\/decisions\/\d{4}-/.test(page))
  t.ok(records.length > 10)
  for (const page of records) {
    t.ok(index.includes(`(${page.slice('docs/decisions/'.length)})`), page)
    t.ok(read(page).split('\n').length <= 32, `${page} is short`)
  }
})

t.test('README, CONTRIBUTING and SECURITY stay short enough to be read', async t => {
  for (const [page, lines] of [
    ['README.md', 130],
    ['CONTRIBUTING.md', 250],
    ['SECURITY.md', 150],
  ] as const)
    t.ok(read(page).split('\n').length <= lines, page)
})
