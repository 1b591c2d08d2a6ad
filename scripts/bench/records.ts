// Files for the sender (sender.c): records of an address to come from, one to go to, a port and a payload.
import { closeSync, openSync, writeSync } from 'node:fs'

const HEAD_BYTES = 16
const NONE = 0xffff
const CHUNK_BYTES = 4 * 1024 * 1024

export interface Datagram {
  readonly source: string
  readonly destination: string
  /** 0 where the port is an argument of the sender. */
  readonly port: number
  readonly payload: string | Buffer
  /** Places that the sender may change, from the start of the payload: hhhh:hhhh of an IPv6 address, and five digits. */
  readonly hexAt?: number
  readonly decimalAt?: number
}

function writeAddress(bytes: Buffer, at: number, address: string): void {
  const octets = address.split('.')
  for (let i = 0; i < 4; i++) bytes[at + i] = Number(octets[i])
}

/** Writes the records; gives how many, and how many bytes of payload they hold. */
export function writeRecords(file: string, datagrams: Iterable<Datagram>): { count: number; payloadBytes: number } {
  const handle = openSync(file, 'w')
  const chunk = Buffer.alloc(CHUNK_BYTES + 65536)
  let [at, count, payloadBytes] = [0, 0, 0]
  const flush = () => {
    writeSync(handle, chunk, 0, at)
    at = 0
  }
  try {
    for (const { source, destination, port, payload, hexAt, decimalAt } of datagrams) {
      const length = typeof payload === 'string' ? chunk.write(payload, at + HEAD_BYTES, 'latin1') : payload.copy(chunk, at + HEAD_BYTES)
      writeAddress(chunk, at, source)
      writeAddress(chunk, at + 4, destination)
      chunk.writeUInt16BE(port, at + 8)
      chunk.writeUInt16BE(length, at + 10)
      chunk.writeUInt16BE(hexAt ?? NONE, at + 12)
      chunk.writeUInt16BE(decimalAt ?? NONE, at + 14)
      at += HEAD_BYTES + length
      count++
      payloadBytes += length
      if (at > CHUNK_BYTES) flush()
    }
    flush()
  } finally {
    closeSync(handle)
  }
  return { count, payloadBytes }
}
