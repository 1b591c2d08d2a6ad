// Runs one test file as a process of its own and reads what it prints: the Test Anything Protocol, whose last comment counts
// the assertions.
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitSeconds, tierOf } from './tiers.ts'

export interface FileResult {
  readonly file: string
  readonly seconds: number
  readonly passed: number
  readonly failed: number
  /** Why something in it was not tested. */
  readonly skipped: readonly string[]
  readonly output: string
  /** Of the output, what says why it failed: all but the assertions that are good. */
  readonly shown: string
}

/** A file that ended may have left processes behind that hold its output open. */
const LEFT_BEHIND_MS = 10_000
/** At its limit a file ends itself and says which test was running; one that cannot any more is killed this much later. */
const KILL_AFTER_SECONDS = 30
const environment = {
  ...process.env,
  // all files compile the same libraries
  NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
}

export function runFile(file: string): Promise<FileResult> {
  const began = performance.now()
  const limit = limitSeconds[tierOf(file)]
  // of the file as a whole; its parts have limits of their own
  const env = { ...environment, TAP_TIMEOUT: String(limit) }
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const killing = setTimeout(() => child.kill('SIGKILL'), (limit + KILL_AFTER_SECONDS) * 1000)
  const end = () => child.kill('SIGTERM')
  process.once('exit', end)
  let output = ''
  let trouble = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
  child.once('error', error => {
    clearTimeout(killing)
    trouble = `cannot be run: ${error.message}`
  })
  child.once('exit', (code, signal) => {
    clearTimeout(killing)
    if (code !== 0) trouble = `ended with ${signal ?? code}${signal === 'SIGKILL' ? `, perhaps at its limit of ${limit} s` : ''}`
    setTimeout(() => {
      trouble = 'ended, but left a process behind that holds its output open'
      child.stdout.destroy()
      child.stderr.destroy()
    }, LEFT_BEHIND_MS).unref()
  })
  return new Promise(resolve =>
    child.once('close', () => {
      process.off('exit', end)
      resolve({ file, seconds: (performance.now() - began) / 1000, output, ...judge(output, trouble) })
    }),
  )
}

/** What the output of a file says, and `trouble`, which is why it did not end well, else ''. */
export function judge(output: string, trouble: string): Pick<FileResult, 'passed' | 'failed' | 'skipped' | 'shown'> {
  const lines = output.split('\n')
  const totals = lines.findLast(line => line.startsWith('# { total: ')) ?? ''
  const number = (name: string) => Number(new RegExp(` ${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
  const faults = [trouble === '' && totals === '' ? 'ended without counting its assertions' : trouble, ...testsWithoutAssertions(lines)]
  const reasons = faults.filter(Boolean)
  return {
    passed: number('pass'),
    failed: Math.max(number('fail'), reasons.length),
    skipped: lines
      .map(line => /^ *ok \d+ - (.*?) # SKIP ?(.*?)(?: # time=.*)?$/.exec(line))
      .flatMap(found => (found === null ? [] : [`${found[1]}: ${found[2]}`])),
    shown: [...lines.filter(line => !/^\s+ok \d|^ok \d|^TAP version|^\s*$|^\s*\d+\.\.\d+$/.test(line)), ...reasons].join('\n'),
  }
}

/** A test that asserts nothing has a plan of nothing, and would pass whatever it is about. One that is skipped states a reason. */
function testsWithoutAssertions(lines: readonly string[]): string[] {
  let name = 'the file'
  return lines.flatMap(line => {
    name = /^ *# Subtest: (.*)$/.exec(line)?.[1] ?? name
    return /^ *1\.\.0$/.test(line) ? [`no assertions: ${name}`] : []
  })
}
