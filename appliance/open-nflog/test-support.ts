// For tests with open-nflog: the program, and another that plays systemd for it.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export const openNflogProgram = join(root, 'build/open-nflog')

/** Put before a command, it runs the command as nobody's root: with no capability, and no way to get one. */
export const withoutCapabilities = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--reuid=0']

/** Builds the program that plays systemd (its file says how); it goes with the test. */
export function buildManager(t: { teardown(done: () => void): unknown }): string {
  if (!existsSync(openNflogProgram)) execFileSync('bash', [join(root, 'scripts/build-addon.sh')])
  const folder = mkdtempSync(join(tmpdir(), 'ca-manager-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const shared = join(root, 'agent/node-netfilter-log/src')
  const sources = [join(import.meta.dirname, 'test-manager.c'), join(shared, 'service-manager.c')]
  const manager = join(folder, 'manager')
  execFileSync('cc', ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-I', shared, '-o', manager, ...sources])
  return manager
}

/** Runs a shell's text in a network namespace of its own; what it wrote, both streams in one. */
export function inNamespace(text: string): string {
  const { stdout, error } = spawnSync('unshare', ['-rn', 'bash', '-c', `exec 2>&1\n${text}`], { encoding: 'utf8', timeout: 60_000 })
  if (error !== undefined) throw error
  return stdout
}
