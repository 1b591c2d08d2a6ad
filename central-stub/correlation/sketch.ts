// How many different values there were, in the bits of one 128-bit number (linear counting: Whang, Vander-Zanden, Taylor 1990).
// A sketch opens the gate to the exact query and nothing else: no finding rests on it. Which bit a value sets is secret, because
// somebody who knows it would ask for ports that share a bit.
import { randomBytes } from 'node:crypto'

/** A signed HUGEINT has 127 bits beside its sign; bit_count takes no unsigned one. */
const BITS = 126

export const randomSalt = (): bigint => randomBytes(8).readBigUInt64LE()

/** SQL: the sketch of an expression that gives a number, over the rows of a group. NULL sets nothing. */
export const sketchOf = (hashed: string, salt: bigint): string =>
  `coalesce(bit_or(1::HUGEINT << (hash(xor(hash(${hashed}), ${salt}::UBIGINT)) % ${BITS})::HUGEINT), 0::HUGEINT)`

/** SQL: how many bits a sketch has. */
export const bitsOf = (sketch: string): string => `bit_count(${sketch})`

/**
 * The largest number of bits at which the gate may open so that of `distinct` values at most this part stays outside:
 * the occupancy distribution, value by value.
 */
export function gateFor(distinct: number, missed: number): number {
  let chances = [1]
  for (let value = 0; value < distinct; value++) {
    const next = new Array<number>(chances.length + 1).fill(0)
    chances.forEach((chance, set) => {
      next[set] += (chance * set) / BITS
      next[set + 1] += (chance * (BITS - set)) / BITS
    })
    chances = next
  }
  let below = 0
  let gate = 0
  while (gate < distinct && below + chances[gate] <= missed) below += chances[gate++]
  return gate
}
