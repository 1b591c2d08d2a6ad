// A server of Debian packages with a key of its own, as flat as apt takes it, for tests.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { basename, join } from 'node:path'
import { tool } from './ground.ts'

export interface Package {
  /** One that the image has, so that this is an update of it. */
  readonly name: string
  readonly version: string
  readonly architecture: 'all' | 'amd64'
  /** Its one file, and what is in it. */
  readonly file?: string
  readonly text?: string
  /** What it needs, as a control file says it. */
  readonly depends?: string
  /** Shell lines that dpkg runs after unpacking. */
  readonly afterwards?: string
}

export class Repository {
  readonly #folder: string
  readonly #server: Server

  /** `folder` is emptied. */
  constructor(folder: string) {
    this.#folder = folder
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(join(folder, 'served'), { recursive: true })
    mkdirSync(join(folder, 'gnupg'), { mode: 0o700 })
    this.#gpg('--passphrase', '', '--quick-generate-key', 'Packages of a test <packages@example.org>', 'ed25519', 'sign')
    this.#server = createServer((request, response) => {
      try {
        response.end(readFileSync(join(folder, 'served', basename(decodeURIComponent(request.url ?? '')))))
      } catch {
        response.writeHead(404).end()
      }
    })
  }

  /** In the words of sources.list(5), with the key inside (deb822). */
  sources(url: string): string {
    const key = this.#gpg('--armor', '--export').trim().split('\n')
    const lines = key.map(line => ` ${line === '' ? '.' : line}`).join('\n')
    return `Types: deb\nURIs: ${url}\nSuites: ./\nSigned-By:\n${lines}\n`
  }

  /** From now on these are served, and nothing else: made here, or files of Debian's. */
  publish(...all: readonly (Package | { readonly deb: string })[]): void {
    const served = join(this.#folder, 'served')
    const packages = all.map(one => entryOf('deb' in one ? copyInto(served, one.deb) : this.#build(served, one))).join('\n')
    writeFileSync(join(served, 'Packages'), packages)
    const sums = ` ${sha256(Buffer.from(packages))} ${packages.length} Packages`
    const release = `Origin: a test\nSuite: stable\nArchitectures: amd64 all\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n${sums}\n`
    writeFileSync(join(this.#folder, 'Release'), release)
    this.#gpg('--yes', '--clearsign', '--output', join(served, 'InRelease'), join(this.#folder, 'Release'))
  }

  #build(served: string, one: Package): string {
    const tree = join(this.#folder, 'tree')
    rmSync(tree, { recursive: true, force: true })
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
    if (one.file !== undefined) {
      mkdirSync(join(tree, one.file, '..'), { recursive: true })
      writeFileSync(join(tree, one.file), one.text ?? '')
    }
    const needs = one.depends === undefined ? '' : `Depends: ${one.depends}\n`
    const head = `Package: ${one.name}\nVersion: ${one.version}\nArchitecture: ${one.architecture}\n`
    writeFileSync(join(tree, 'DEBIAN/control'), `${head}${needs}Maintainer: a test <packages@example.org>\nDescription: newer\n`)
    if (one.afterwards !== undefined)
      writeFileSync(join(tree, 'DEBIAN/postinst'), `#!/bin/sh\nset -e\n${one.afterwards}\n`, { mode: 0o755 })
    const deb = join(served, `${one.name}_${one.version}.deb`)
    tool('dpkg-deb', '--root-owner-group', '--build', tree, deb)
    return deb
  }

  listen = (port: number): Promise<void> => new Promise(resolve => this.#server.listen(port, '127.0.0.1', resolve))

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #gpg = (...words: string[]): string =>
    tool('gpg', '--homedir', join(this.#folder, 'gnupg'), '--batch', '--quiet', '--pinentry-mode', 'loopback', ...words)
}

/** What a list of packages says of one. */
function entryOf(deb: string): string {
  const bytes = readFileSync(deb)
  return `${tool('dpkg-deb', '--field', deb).trimEnd()}\nFilename: ./${basename(deb)}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`
}

function copyInto(folder: string, deb: string): string {
  const copy = join(folder, basename(deb))
  copyFileSync(deb, copy)
  return copy
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
