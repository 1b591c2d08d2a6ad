// What the programs of a release need of the system below them, read from their ELF headers, and whether every supported
// distribution has it. A package then states what it needs, and one that would not start somewhere is not made.
import { execFileSync } from 'node:child_process'

/** Versions of symbols by family, e.g. GLIBC: '2.34', and shared libraries by their names. */
export interface Needs {
  readonly symbols: Readonly<Record<string, string>>
  readonly libraries: readonly string[]
}

/**
 * The oldest supported of each family: versions of glibc (ldd --version), of libstdc++'s symbols
 * (https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html) and of systemd in it.
 */
export const distributions = [
  { name: 'Debian 12', GLIBC: '2.36', GLIBCXX: '3.4.30', CXXABI: '1.3.13', systemd: 252 },
  { name: 'Debian 13', GLIBC: '2.41', GLIBCXX: '3.4.33', CXXABI: '1.3.15', systemd: 257 },
  { name: 'Ubuntu 22.04', GLIBC: '2.35', GLIBCXX: '3.4.30', CXXABI: '1.3.13', systemd: 249 },
  { name: 'Ubuntu 24.04', GLIBC: '2.39', GLIBCXX: '3.4.33', CXXABI: '1.3.15', systemd: 255 },
  { name: 'Enterprise Linux 9', GLIBC: '2.34', GLIBCXX: '3.4.29', CXXABI: '1.3.13', systemd: 252 },
  { name: 'Enterprise Linux 10', GLIBC: '2.39', GLIBCXX: '3.4.33', CXXABI: '1.3.15', systemd: 257 },
] as const

const partOfGlibc = /^(libc|libm|libdl|libpthread|ld-linux-.*)\.so\.\d+$/
/** Each other library as the two families call it. GCC 11 is in the oldest distribution above. */
const known: Readonly<Record<string, { readonly deb: string; readonly rpm: (needs: Needs) => string }>> = {
  'libstdc++.so.6': { deb: 'libstdc++6 (>= 11)', rpm: needs => `libstdc++.so.6(GLIBCXX_${needs.symbols.GLIBCXX})(64bit)` },
  'libgcc_s.so.1': { deb: 'libgcc-s1', rpm: () => 'libgcc_s.so.1()(64bit)' },
  'libatomic.so.1': { deb: 'libatomic1', rpm: () => 'libatomic.so.1()(64bit)' },
}

/** Compares dotted numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(Number))
  const at = left.findIndex((part, i) => part !== (right[i] ?? 0))
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? 0)
}

/** From what `objdump -p` prints of each file. */
export function parseNeeds(printed: readonly string[]): Needs {
  const symbols: Record<string, string> = {}
  const libraries = new Set<string>()
  for (const text of printed) {
    for (const [, name] of text.matchAll(/^\s+NEEDED\s+(\S+)$/gm)) libraries.add(name)
    for (const [, family, version] of (text.split('Version References:')[1] ?? '').matchAll(/\s([A-Z]+)_(\d[\d.]*)$/gm))
      if (symbols[family] === undefined || compareVersions(version, symbols[family]) > 0) symbols[family] = version
  }
  return { symbols, libraries: [...libraries].sort() }
}

export const readNeeds = (files: readonly string[]): Needs =>
  parseNeeds(files.map(file => execFileSync('objdump', ['-p', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })))

/** Throws an Error that names each supported distribution on which the programs would not start. */
export function checkNeeds({ symbols }: Needs): void {
  const families = ['GLIBC', 'GLIBCXX', 'CXXABI'] as const
  const lacking = distributions.flatMap(one =>
    families
      .filter(family => symbols[family] !== undefined && compareVersions(symbols[family], one[family]) > 0)
      .map(family => `${one.name} has ${family}_${one[family]}, the release needs ${family}_${symbols[family]}`),
  )
  if (lacking.length > 0) throw new Error(`build the release on an older distribution:\n${lacking.join('\n')}`)
}

/** Dependencies of a package, for the one family or the other. */
export function dependencies(needs: Needs, kind: 'deb' | 'rpm'): string[] {
  const { GLIBC: glibc } = needs.symbols
  const systemd = Math.min(...distributions.map(one => one.systemd))
  const others = needs.libraries
    .filter(name => !partOfGlibc.test(name))
    .map(name => {
      if (known[name] === undefined) throw new Error(`no known package provides ${name}`)
      return kind === 'deb' ? known[name].deb : known[name].rpm(needs)
    })
  return kind === 'deb'
    ? [`libc6 (>= ${glibc})`, ...others, `systemd (>= ${systemd})`]
    : [`libc.so.6(GLIBC_${glibc})(64bit)`, ...others, `systemd >= ${systemd}`, '/usr/bin/setpriv', '/usr/sbin/userdel']
}
