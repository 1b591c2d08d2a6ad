// The worked example of CONTRIBUTING, done as it says: the files go where it says, the rows into their tables; the types hold, and
// `explain` reads the fixtures as they say.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'

t.setTimeout(180_000)
const top = join(import.meta.dirname, '..')
const page = readFileSync(join(top, 'CONTRIBUTING.md'), 'utf8')
const [rows, code] = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text]) => text)
const fixtures = /^```json\n(.*?)^```/ms.exec(page)?.[1] ?? ''

t.test('a firewall added as CONTRIBUTING says is read as its fixtures say', async t => {
  const root = t.testdir()
  const types = { extends: join(top, 'tsconfig.json'), include: ['agent/main.ts', 'agent/**/*.d.ts'] }
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(types))
  cpSync(join(top, 'package.json'), join(root, 'package.json'))
  cpSync(join(top, 'agent'), join(root, 'agent'), { recursive: true, filter: path => basename(path) !== 'build' })
  symlinkSync(join(top, 'node_modules'), join(root, 'node_modules'))
  const edit = (path: string, from: string | RegExp, to: string) => {
    const text = readFileSync(join(root, path), 'utf8')
    t.not(text.replace(from, to), text, path)
    writeFileSync(join(root, path), text.replace(from, to))
  }
  const folder = join(root, 'agent/recognisers/products/examplewall')
  mkdirSync(folder)
  writeFileSync(join(folder, 'examplewall.ts'), code)
  edit('agent/event.ts', /\n {2}'sshd',\n\] as const\n/, `\n${rows}`)
  edit('agent/recognisers/index.ts', /^import/m, "import { examplewall } from './products/examplewall/examplewall.ts'\nimport")
  edit('agent/recognisers/index.ts', /netfilter,?\s*\]/, 'netfilter, examplewall]')

  const run = (command: string, words: readonly string[], input = '') =>
    spawnSync(join(top, 'node_modules/.bin', command), words, { cwd: root, encoding: 'utf8', input })
  t.equal(run('tsc', ['-p', '.']).stdout, '')
  const expected = fixtures
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const input = expected.map(({ line }) => `${JSON.stringify(line)}\n`).join('')
  const { stdout, stderr } = run('node', ['agent/main.ts', 'explain', '--json', '--json-lines'], input)
  const found = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(stderr, '')
  t.equal(found.length, expected.length)
  for (const [i, { reading, event }] of expected.entries()) {
    t.match(found[i], { recogniser: 'examplewall', ...(event === undefined ? {} : { event }) })
    t.equal(found[i].event !== null, reading === 'event')
  }
})
