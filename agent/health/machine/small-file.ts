// Small files of /proc and /sys, as node_exporter reads them: by our own code, bounded, and what cannot be read is not known.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'

const FILE_MAX_BYTES = 64 * 1024
const ENTRIES_MAX = 256

/** The text, or undefined if there is no such file, or it cannot be read, or is longer than any of these is. */
export function smallFile(path: string, bytesMax = FILE_MAX_BYTES): string | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const bytes = Buffer.alloc(bytesMax)
    let length = 0
    for (;;) {
      const read = readSync(descriptor, bytes, length, bytesMax - length, null)
      if (read === 0) return bytes.toString('latin1', 0, length)
      length += read
      if (length === bytesMax) return undefined
    }
  } catch (error) {
    // a sandbox hides them, a kernel lacks them, a sensor fails: all of it means 'not known'
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** A whole number that is all of a file's text. */
export function numberIn(path: string): number | undefined {
  const text = smallFile(path)?.trim()
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Names in a folder, a bounded number of them; none if it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path).slice(0, ENTRIES_MAX)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return []
    throw error
  }
}
