// A salted Merkle tree over the rows of a file. A leaf is SHA-256 over a salt of its own and the row as text; 256 leaves make a node,
// nodes are joined in pairs (RFC 9162, with its prefixes). The salt of a leaf comes from one of the file, which goes when the file goes:
// the root of a file that is no more cannot be tried against guessed addresses. Rows are hashed by DuckDB, a slice at a time.
import { createHash } from 'node:crypto'
import type { DuckDBConnection } from '@duckdb/node-api'
import { leafText } from './rows.ts'

const LEAVES = 256
const SLICE_ROWS = LEAVES * 512

export interface Measured {
  readonly rows: number
  /** Events that the rows stand for. */
  readonly events: bigint
  readonly bytes: bigint
  readonly root: Buffer
}

/**
 * Rows, sums and root. `from` gives a relation with `row`, which counts its rows from 0 in an order that stays, and the columns of
 * rows.ts, of all rows or of a slice (` BETWEEN first AND last`, so that a file is not read whole for each). `salt` is hexadecimal.
 */
export async function measure(connection: DuckDBConnection, from: (slice: string) => string, salt: string): Promise<Measured> {
  const tree = new Tree()
  let [rows, events, bytes] = [0, 0n, 0n]
  const last = Number((await connection.runAndReadAll(`SELECT coalesce(max(row), -1) FROM (${from('')})`)).getRowsJS()[0][0])
  for (let first = 0; first <= last; first += SLICE_ROWS) {
    const slice = await connection.runAndReadAll(`
      SELECT count(*)::BIGINT, sum(count)::HUGEINT, coalesce(sum(bytes), 0)::HUGEINT, sha256(string_agg(leaf, '' ORDER BY row)) FROM (
        SELECT row, count, bytes, sha256(concat(sha256(concat('${salt}:', row)), '|', ${leafText})) AS leaf
        FROM (${from(` BETWEEN ${first} AND ${first + SLICE_ROWS - 1}`)}))
      GROUP BY row // ${LEAVES} ORDER BY row // ${LEAVES}`)
    for (const [count, sum, size, node] of slice.getRowsJS()) {
      rows += Number(count)
      events += BigInt(sum as bigint)
      bytes += BigInt(size as bigint)
      tree.add(Buffer.from(String(node), 'hex'))
    }
  }
  return { rows, events, bytes, root: tree.root() }
}

const hash = (prefix: number, ...parts: Buffer[]): Buffer => {
  const sum = createHash('sha256').update(Buffer.of(prefix))
  for (const part of parts) sum.update(part)
  return sum.digest()
}

/** Takes one node after the other, and holds one for each level. The root of a tree of none is the hash of nothing. */
export class Tree {
  private readonly levels: (Buffer | undefined)[] = []

  add(leaf: Buffer): void {
    let node = hash(0, leaf)
    let level = 0
    for (let left = this.levels[0]; left !== undefined; left = this.levels[level]) {
      node = hash(1, left, node)
      this.levels[level++] = undefined
    }
    this.levels[level] = node
  }

  root(): Buffer {
    let right: Buffer | undefined
    for (const left of this.levels) {
      if (left === undefined) continue
      right = right === undefined ? left : hash(1, left, right)
    }
    return right ?? createHash('sha256').digest()
  }
}
