// The head of a device's chain: what its next batch has to follow.
import * as z from 'zod'
import type { Reader, Transaction } from '../store/store.ts'

/** The last batch of a device, stored or shed: sequence 0 and 32 zero bytes before the first. */
export interface Head {
  readonly sequence: number
  /** Hexadecimal. */
  readonly hash: string
}

export const noHead: Head = { sequence: 0, hash: '00'.repeat(32) }

const headSchema = z.object({ sequence: z.bigint().transform(Number), hash: z.string() })

export async function headOf(reader: Reader, device: string): Promise<Head> {
  const sql = 'SELECT sequence, hash FROM heads WHERE device = $device'
  return (await reader.read(headSchema, sql, { device }))[0]
}

export async function moveHead(transaction: Transaction, device: string, { sequence, hash }: Head): Promise<void> {
  const sql = 'UPDATE heads SET sequence = $sequence, hash = $hash WHERE device = $device'
  await transaction.run(sql, { device, sequence: BigInt(sequence), hash })
}
