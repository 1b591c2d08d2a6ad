// Runs the real program in a folder, and looks at what it left there.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { SettingsReport } from './settings/state-files.ts'
import type { TestRoot } from './test-root.ts'

const main = join(import.meta.dirname, 'main.ts')
/** Without the hooks of the test runner, and with its own compile cache. */
export const start = (words: readonly string[], environment: readonly string[] = []): ChildProcess =>
  spawn('env', [
    '-u',
    'NODE_OPTIONS',
    ...environment,
    `NODE_COMPILE_CACHE=${join(import.meta.dirname, '../../build/compile-cache')}`,
    process.execPath,
    main,
    ...words,
  ])

export async function run(words: readonly string[], environment: readonly string[] = []): Promise<{ code: number | null; out: string }> {
  const child = start(words, environment)
  let out = ''
  child.stdout?.on('data', chunk => (out += chunk))
  child.stderr?.on('data', chunk => (out += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out }
}

export const reportOf = ({ paths }: TestRoot) => JSON.parse(readFileSync(paths.settingsReport, 'utf8')) as SettingsReport
/** Everything below a folder that holds the bytes; the partition and the tools' own notes are asked elsewhere. */
export const filesWith = (folder: string, text: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => {
    const path = join(folder, name)
    return !/^(usr|sys)\//.test(name) && statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text)
  })

/** Programs of the base that say yes and write down how they were called; units that run are named. */
export function makeBase(box: TestRoot, running: readonly string[] = []): () => string[] {
  const calls = join(box.root, 'calls')
  const script = (name: string, answer = '') =>
    box.put(`usr/bin/${name}`, `#!/bin/sh\nPATH=/usr/bin:/bin\necho "${name} $*" >> '${calls}'\n${answer}`, 0o755)
  for (const name of ['systemd-run', 'networkctl', 'chronyc', 'nmcli']) script(name)
  script('systemctl', `[ "$1" = is-active ] || exit 0\ncase " ${running.join(' ')} " in *" $3 "*) exit 0 ;; esac\nexit 3\n`)
  return () => {
    const lines = box.text('calls').split('\n').filter(Boolean)
    rmSync(calls, { force: true })
    return lines.filter(line => !line.includes('is-active'))
  }
}
