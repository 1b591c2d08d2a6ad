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

/** `count` messages of all products, again and again; none has a line break, so that any framing can carry them. */
export function repeatFixtures(count: number): string[] {
  const lines = [...readFixtures().values()].flat().flatMap(({ line }) => (line.includes('\n') ? [] : [line]))
  return Array.from({ length: count }, (_, i) => lines[i % lines.length])
}
