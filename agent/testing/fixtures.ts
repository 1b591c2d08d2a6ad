// The fixtures of all products: what each of their messages must read as. `products/<name>/fixtures.jsonl` holds them.
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Reading } from '../recognisers/recogniser.ts'

export interface Fixture {
  readonly line: string
  readonly reading: keyof typeof Reading
  /** Exactly the fields the recogniser fills in, by ECS name; absent unless the reading is `event`. */
  readonly event?: Record<string, string | number>
}

const folder = join(import.meta.dirname, '../recognisers/products')

/** By name of product, in order of names. */
export function readFixtures(): Map<string, Fixture[]> {
  const files = globSync('*/fixtures.jsonl', { cwd: folder }).sort()
  return new Map(
    files.map(file => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean)
      return [basename(dirname(file)), lines.map(line => JSON.parse(line) as Fixture)]
    }),
  )
}

/** The last number of an IPv4 address that stands for itself; others (0.0.0.0, multicast) have a meaning. */
const VARIED = /^((?:10|172|192|198|203)\.\d+\.\d+)\.\d+$/

/**
 * `count` messages of one product: all of its fixtures that can be read, again and again, from other addresses of the
 * source's network, a few of which are busier than the rest.
 */
export function varyFixtures(product: string, count: number): string[] {
  const fixtures = (readFixtures().get(product) ?? []).filter(({ line, reading }) => reading !== 'unreadable' && !line.includes('\n'))
  return Array.from({ length: count }, (_, i) => {
    const { line, event } = fixtures[i % fixtures.length]
    const source = String(event?.['source.ip'] ?? '')
    const network = VARIED.exec(source)?.[1]
    // even steps below one, raised to a power: small numbers come often
    const host = 1 + Math.floor(254 * ((i * 0.618034) % 1) ** 3)
    return network === undefined ? line : line.replaceAll(source, `${network}.${host}`)
  })
}

/** `count` messages of all products, again and again; none has a line break, so that any framing can carry them. */
export function repeatFixtures(count: number): string[] {
  const lines = [...readFixtures().values()].flat().flatMap(({ line }) => (line.includes('\n') ? [] : [line]))
  return Array.from({ length: count }, (_, i) => lines[i % lines.length])
}
