// Enforces who may import whom: main -> verbs -> agent -> {pipeline, delivery} -> modules -> base -> lib. Siblings do not import
// each other, there are no circles, pure modules touch nothing outside their arguments, and what runs on the box imports no
// development dependency.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import manifest from '../package.json' with { type: 'json' }
import { productNames } from './event.ts'

const root = resolve(import.meta.dirname, '..')
const modules = ['sources', 'recognisers', 'triage', 'batch', 'spool', 'uplink', 'ledger', 'settings', 'update', 'health']
/** They join modules, and `agent.ts` joins them. */
const joining = ['pipeline', 'delivery']
/** Files beside main.ts that everything may know. */
const base = ['event.ts', 'errors.ts', 'paths.ts', 'log.ts', 'message.ts', 'version.ts']
const composition = 'agent'
const pure = [
  /^agent\/recognisers\//,
  /^agent\/triage\//,
  /^agent\/spool\/segment\.ts$/,
  /^agent\/health\/(checks|report)\//,
  /^agent\/health\/(findings|levels|rhythm|windows|metrics)\.ts$/,
  /^agent\/update\/(channel|manifest|window)\.ts$/,
  /^agent\/sources\/syslog\/syslog-(frame|header)/,
  /^central-stub\/limits\//,
  /^central-stub\/findings\/judge\.ts$/,
]
/** Pseudonyms, seals, hashes and compression work on what they are given. */
const pureMay = ['node:crypto', 'node:zlib']

interface File {
  readonly path: string
  readonly imports: readonly string[]
  readonly text: string
}

const folders = ['agent', 'appliance', 'central-stub', 'ova', 'packer', 'scripts']
const everyPath = folders.flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(path => !path.includes('node_modules')),
)

function readAll(paths: readonly string[]): File[] {
  return paths
    .filter(path => path.endsWith('.ts'))
    .map(path => {
      const text = readFileSync(join(root, path), 'utf8')
      const imports = [...text.matchAll(/^(?:import|export|\})(?:[^'\n]* from)? '([^']+)'|\bimport\('([^']+)'\)/gm)]
        .map(([, named, called]) => named ?? called)
        .map(name => (name.startsWith('.') ? relative(root, resolve(root, dirname(path), name)) : name))
      return { path, imports, text }
    })
}

const isTest = (path: string): boolean => path.endsWith('.test.ts') || /^(agent\/(e2e|testing)|appliance\/boot-tests)\//.test(path)
const files = readAll(everyPath)
const code = files.filter(file => !isTest(file.path))

/** The layer of a file of the agent: a module's name, `lib`, `base`, `verbs`, `main`, or the composition. */
function layerOf(path: string): string {
  const [, first, ...rest] = path.split('/')
  if (rest.length > 0) return first
  if (first === 'main.ts') return 'main'
  return base.includes(first) ? 'base' : composition
}

/** What only tests stand on. */
const forTests = ['testing', 'e2e']

/** What each layer may import of the agent; `testing` and `e2e` are layers that no code of the program may import. */
function mayImport(from: string, to: string): boolean {
  if (forTests.includes(to)) return false
  if (from === to || to === 'lib') return true
  if (from === 'lib') return false
  if (to === 'base') return true
  if (from === 'base' || modules.includes(from)) return false
  if (from === 'main') return to === 'verbs'
  if (from === 'verbs') return to !== 'main'
  return modules.includes(to) || (from === composition && joining.includes(to))
}

t.test('every import inside the agent follows an arrow', async t => {
  for (const { path, imports } of code.filter(file => file.path.startsWith('agent/')))
    for (const target of imports.filter(name => name.startsWith('agent/')))
      t.ok(mayImport(layerOf(path), layerOf(target)), `${path} -> ${target}`)
})

t.test('no recogniser knows another product', async t => {
  const productOf = (path: string) => productNames.find(name => path.startsWith(`agent/recognisers/products/${name}/`))
  for (const { path, imports } of code.filter(file => productOf(file.path) !== undefined))
    for (const target of imports) t.ok(productOf(target) === undefined || productOf(target) === productOf(path), `${path} -> ${target}`)
})

t.test('no file imports itself through others', async t => {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
  const done = new Set<string>()
  function follow(path: string, way: readonly string[]): void {
    const at = way.indexOf(path)
    if (at >= 0) t.fail([...way.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const target of importsOf.get(path) ?? []) follow(target, [...way, path])
    done.add(path)
  }
  for (const { path } of files) follow(path, [])
  t.equal(done.size, new Set([...importsOf].flat(2)).size, 'each file was followed')
})

t.test('pure modules touch no file, socket, process, clock or log', async t => {
  for (const { path, imports, text } of code.filter(
    file => pure.some(pattern => pattern.test(file.path)) || file.path.startsWith('agent/batch/'),
  )) {
    for (const name of imports.filter(one => one.startsWith('node:'))) t.ok(pureMay.includes(name), `${path} -> ${name}`)
    t.notOk(imports.includes('agent/log.ts'), `${path} does not log`)
    t.notMatch(text, /Date\.now\(|new Date\(\)|performance\.now|Math\.random|process\./, `${path} asks nothing of its surroundings`)
  }
})

t.test('central knows the wire and nothing else of the agent', async t => {
  for (const { path, imports } of code.filter(file => file.path.startsWith('central-stub/')))
    for (const target of imports.filter(name => name.startsWith('agent/')))
      t.match(target, /^agent\/(batch|lib|health\/report)\//, `${path} -> ${target}`)
})

/** What each module of central may import of the others. Beside them: refusals, folder, its room and the queues, which all may. */
const centralModules: Readonly<Record<string, readonly string[]>> = {
  http: ['ingest', 'devices', 'register', 'trust', 'limits'],
  operator: ['register', 'arrivals', 'correlation', 'findings', 'retention'],
  correlation: ['findings'],
  findings: [],
  ingest: ['devices', 'register', 'arrivals', 'trust', 'limits'],
  devices: ['register', 'trust', 'limits'],
  'old-database': ['register', 'arrivals'],
  register: ['limits'],
  arrivals: ['limits'],
  audit: ['register'],
  retention: ['audit', 'register', 'arrivals'],
  trust: [],
  limits: [],
}
/** Tables are text, which the register joins. */
const mayJoin = (from: string | undefined, path: string): boolean => from === 'register' && path.endsWith('/tables.ts')
const centralBase = ['refusals.ts', 'folder.ts', 'folder-room.ts', 'keyed-queue.ts'].map(name => `central-stub/${name}`)

t.test("central's modules know only what lies below them", async t => {
  const moduleOf = (path: string) => path.split('/').slice(1, -1)[0]
  for (const { path, imports } of code.filter(file => file.path.startsWith('central-stub/'))) {
    const from = moduleOf(path)
    if (from === undefined && !centralBase.includes(path)) continue
    // pure, and below everything
    const below = ['limits']
    for (const target of imports.filter(name => name.startsWith('central-stub/') && !centralBase.includes(name))) {
      const to = moduleOf(target)
      t.ok(
        below.includes(to) || (from !== undefined && (from === to || centralModules[from]?.includes(to) || mayJoin(from, target))),
        `${path} -> ${target}`,
      )
    }
  }
})

t.test('what first boot runs knows the agent and the table of the OVA, and only the release knows it', async t => {
  for (const { path, imports } of code) {
    const isBox = path.startsWith('appliance/box/')
    for (const target of imports) {
      if (!isBox) t.notMatch(target, /^appliance\/box\//, `${path} -> ${target}`)
      else if (/^(agent|ova|appliance|central-stub|scripts)\//.test(target))
        t.match(target, /^(agent\/(?!(testing|e2e)\/)|appliance\/box\/|ova\/(xml-read|properties)\.ts$)/, `${path} -> ${target}`)
    }
  }
})

t.test('nothing imports a script, and the box imports no development dependency', async t => {
  const shipped = Object.keys(manifest.dependencies)
  for (const { path, imports } of code) {
    // what only tests use may use what other tests use
    if (!/^scripts\/|\/test-[^/]+$/.test(path)) for (const name of imports) t.notMatch(name, /^scripts\//, `${path} -> ${name}`)
    if (!/^(agent|appliance\/box)\//.test(path)) continue
    for (const name of imports.filter(one => !/^(agent\/|appliance\/box\/|ova\/|node:|package\.json$)/.test(one))) {
      const owner = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0]
      t.ok(shipped.includes(owner), `${path} -> ${name}`)
    }
  }
})

t.test('only main.ts reads the environment', async t => {
  for (const { path, text } of code.filter(
    file => /^(agent|appliance\/box)\//.test(file.path) && !/^(agent|appliance\/box)\/main\.ts$/.test(file.path),
  ))
    t.notMatch(text, /process\.env/, path)
})

const isShell = (path: string, text: string): boolean => path.endsWith('.sh') || /^#!.*\/(ba|da)?sh\b|^#!.*env (ba)?sh\b/.test(text)

t.test('no file is longer than 300 lines, and none of shell longer than 60', async t => {
  let shells = 0
  for (const path of everyPath) {
    const text = readFileSync(join(root, path), 'latin1')
    const isOfShell = isShell(path, text)
    if (isOfShell) shells++
    if (!isOfShell && !/\.(ts|js|c|h)$/.test(path)) continue
    const lines = text.split('\n').length - 1
    t.ok(lines <= (isOfShell ? 60 : 300), `${path} has ${lines} lines`)
  }
  t.ok(shells > 30, 'shell is found by its name or first line')
})
