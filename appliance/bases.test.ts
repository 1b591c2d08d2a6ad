// The tables of bases and packages: nothing is there for one base and missing for another by accident, and what the scripts take
// for granted where a table says nothing is what the table says of Debian.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import hardware from '../ova/hardware.json' with { type: 'json' }
import { baseNames, bases, settingsOf } from './bases.ts'
import { builderPackages, builderPackagesFor, type Family, packages, packagesFor } from './packages.ts'

const packer = join(import.meta.dirname, '../packer')
const scripts = readdirSync(join(packer, 'provision')).map(name => readFileSync(join(packer, 'provision', name), 'utf8'))
const families: readonly Family[] = ['debian', 'centos']

t.test('every base has a row and a release file', async t => {
  const releases = readdirSync(join(packer, 'releases')).map(name => name.replace('.pkrvars.hcl', ''))
  t.strictSame(releases.sort(), [...baseNames].sort())
  t.strictSame(Object.keys(bases).sort(), [...baseNames].sort())
})

t.test('every base has all settings, and guests that the hardware knows', async t => {
  const names = Object.keys(settingsOf('debian-13'))
  for (const base of baseNames) {
    t.strictSame(Object.keys(settingsOf(base)), names, base)
    t.ok(hardware.guests[bases[base].guest], base)
    for (const [name, value] of Object.entries(settingsOf(base))) t.notMatch(value, /['"\n\\]/, `${name}: packer puts it between quotes`)
  }
})

t.test('every setting is used by a script, and a script alone falls back to what Debian has', async t => {
  const { ...debian }: Readonly<Record<string, string>> = { ...settingsOf('debian-13') }
  for (const name of Object.keys(debian))
    t.ok(
      scripts.some(text => text.includes(`\${${name}:-`)),
      name,
    )
  for (const [, name, value] of scripts.join('\n').matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)) t.equal(debian[name], value, name)
})

t.test('names of packages are plain, none stands twice, and each row says why', async t => {
  for (const family of families)
    for (const list of [packagesFor(family), builderPackagesFor(family)]) {
      t.strictSame([...new Set(list)], list)
      for (const name of list) t.match(name, /^[A-Za-z0-9][A-Za-z0-9.+-]+$/)
    }
  for (const { why, debian, centos } of [...packages, ...builderPackages]) {
    t.ok(why.length > 5)
    t.ok(debian.length + centos.length > 0, why)
  }
})

t.test('what a base has by itself, or has not at all, is known by name', async t => {
  const missing = [...packages, ...builderPackages].filter(row => families.some(family => row[family].length === 0)).map(row => row.why)
  t.equal(missing.length, 2, `${missing}`)
  t.match(missing, [/essential/, /setfiles/])
})
