// What the agent loads when it starts: every module costs a small box memory all day, and is one more thing to attack.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

const look = `import { createRequire } from 'node:module'
await import(${JSON.stringify(join(import.meta.dirname, 'agent.ts'))})
const files = Object.keys(createRequire(import.meta.url).cache)
console.log(JSON.stringify([...process.moduleLoadList, ...files]))`

t.test('the agent starts without fetch, WebSockets and mocks, be they of Node.js or of undici', async t => {
  const words = ['-u', 'NODE_OPTIONS', process.execPath, '--input-type=module', '--eval', look]
  const loaded: readonly string[] = JSON.parse(execFileSync('env', words, { encoding: 'utf8' }))
  const matching = (pattern: RegExp) => loaded.filter(name => pattern.test(name))
  t.ok(matching(/undici\/lib\/dispatcher\/client\.js$/).length === 1, 'what is used of undici is there')
  t.strictSame(matching(/internal\/deps\/undici|undici\/(index\.js|lib\/(web|mock|cache|interceptor)\/)/), [])
})
